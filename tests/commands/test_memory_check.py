"""What does not fit is refused before it is begun, with figures and a way out."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from atlas.commands import memory_check, trace
from atlas.commands.engine_options import fit_of
from atlas.commands.memory_check import Fit
from atlas.commands.placement import Placement
from atlas.errors import OutOfMemory
from atlas.methods.attribute import AttributionSettings
from atlas.methods.sae_attribution.settings import SaeAttributionSettings
from atlas.models.checkpoints import circuit_tracer, saelens_save
from atlas.models.language_model import LanguageModel
from atlas.models.sites import Site
from tests.models import tiny_models


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("checked")
    tiny_models.save_model(made / "model")
    model = LanguageModel.load(str(made / "model"))
    circuit_tracer.save(tiny_models.random_transcoders(model), made / "transcoders", "")
    return made


@pytest.fixture
def free(monkeypatch):
    """Set how much memory there is."""
    return lambda size: monkeypatch.setattr(memory_check, "free_memory", lambda: size)


def options(folder):
    names = ["--model", str(folder / "model"), "--dictionary", str(folder / "transcoders")]
    return [*names, "--prompt", "w1 w5 w3"]


def run(*arguments):
    return CliRunner().invoke(trace.command, list(arguments), catch_exceptions=False)


def test_too_little_memory_is_one_line_with_the_figures_before_anything_loads(
    folder, free, monkeypatch
):
    free(1_000)
    monkeypatch.setattr(LanguageModel, "open", None)
    with pytest.raises(OutOfMemory) as caught:
        run(*options(folder))
    said = str(caught.value)
    assert "\n" not in said
    assert "GB to load it (weights 0.00 GB, dictionary 0.00 GB); found 0.00 GB free" in said
    assert "--anyway goes on all the same" in said


def test_it_goes_on_when_told_to(folder, free):
    free(1_000)
    assert run(*options(folder), "--anyway").exit_code == 0


def test_a_run_that_does_not_fit_beside_the_model_says_how_it_would(folder, free):
    fit = fit_of(str(folder / "model"), str(folder / "transcoders"), Placement(), None)
    settings = AttributionSettings(max_feature_nodes=4000)
    free(20_000_000)
    with pytest.raises(OutOfMemory, match=r"to trace 30 tokens with 4010 rows.*sweep") as caught:
        fit.check_tracing(30, settings)
    rows = int(caught.value.action.split("--max-feature-nodes ")[1].split()[0].rstrip(";"))
    assert rows < 4010
    fit.check_tracing(30, AttributionSettings(max_feature_nodes=rows - memory_check.LOGITS))


@pytest.mark.parametrize("site", [Site.RESIDUAL_AFTER, Site.MLP_WRITE])
def test_an_approximate_trace_that_does_not_fit_says_how_it_would(site, folder, free):
    model = LanguageModel.load(str(folder / "model"))
    dictionary = tiny_models.random_autoencoders(model, site)
    fit = fit_of(str(folder / "model"), str(folder / "transcoders"), Placement(), None)
    settings = SaeAttributionSettings(max_feature_nodes=4000)
    free(30_000_000)
    wanted = r"to trace 30 tokens by gradients with 4010 rows .*sources.*pass.*gradients.*rows"
    with pytest.raises(OutOfMemory, match=wanted) as caught:
        fit.check_gradients(30, dictionary, settings)
    rows = int(caught.value.action.split("--max-feature-nodes ")[1].split()[0].rstrip(";"))
    assert rows < 4000
    fit.check_gradients(30, dictionary, SaeAttributionSettings(max_feature_nodes=rows))


def test_the_command_asks_before_it_traces_by_gradients(folder, free, tmp_path, monkeypatch):
    model = LanguageModel.load(str(folder / "model"))
    saelens_save.save(tiny_models.random_autoencoders(model), tmp_path, "")
    words = ["--model", str(folder / "model"), "--dictionary", str(tmp_path)]
    words += ["--prompt", "w1 w5 w3"]
    asked = []
    monkeypatch.setattr(Fit, "check_gradients", lambda *given: asked.append(given[1:]))
    assert run(*words).exit_code == 0
    ((tokens, dictionary, settings),) = asked
    assert (tokens, dictionary.layer_numbers) == (4, (0, 1, 2))
    assert isinstance(settings, SaeAttributionSettings)


def test_a_way_out_that_does_not_fit_is_not_offered(folder, free):
    free(0)
    fit = fit_of(str(folder / "model"), str(folder / "transcoders"), Placement(), None)
    with pytest.raises(OutOfMemory, match="take a smaller model"):
        fit.check_loading()


def test_nothing_is_refused_where_nobody_says_how_much_is_free(folder, free):
    free(None)
    fit = fit_of(str(folder / "model"), str(folder / "transcoders"), Placement(), None)
    fit.check_loading()


@pytest.mark.parametrize("model", ["nobody/no-such-model", "./no-such-folder", "no model at all"])
def test_what_is_not_on_the_disk_is_not_estimated(model, free):
    free(0)
    assert fit_of(model, None, Placement(), None) == Fit(None, None, Placement())
