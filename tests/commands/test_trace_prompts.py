"""`atlas trace --prompts` and `--chat`: many prompts in one folder, chats with their tokens."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from atlas.commands.prompt_sources import read_chat, read_prompts
from atlas.commands.trace import command
from atlas.errors import AtlasError, BadInput
from atlas.graphs.graph import AttributionGraph, NodeKind
from atlas.models.checkpoints import circuit_tracer
from atlas.models.language_model import LanguageModel
from tests.models import tiny_models

# Roles are words of the tiny vocabulary; <pad> is a special token.
TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}"
    "{% if message['role'] == 'system' %}{{ raise_exception('no system here') }}{% endif %}"
    " <pad> {{ 'w30' if message['role'] == 'user' else 'w31' }} {{ message['content'] }}"
    "{% endfor %}{% if add_generation_prompt %} <pad> w31{% endif %}"
)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """A tiny model, the same with a chat template, and a dictionary of both."""
    root = tmp_path_factory.mktemp("engine")
    plain = tiny_models.save_model(root / "plain")
    chatty = tiny_models.save_model(root / "chatty")
    config = json.loads((chatty / "tokenizer_config.json").read_text())
    (chatty / "tokenizer_config.json").write_text(json.dumps({**config, "chat_template": TEMPLATE}))
    dictionary = tiny_models.random_transcoders(LanguageModel.load(str(plain)))
    circuit_tracer.save(dictionary, root / "transcoders", "tiny")
    return root


def run(folders, *options, model="plain", dictionary="transcoders"):
    engine = ["--model", str(folders / model), "--dictionary", str(folders / dictionary)]
    return CliRunner().invoke(command, [*engine, *options], catch_exceptions=False)


@pytest.fixture
def prompts(tmp_path):
    path = tmp_path / "prompts.txt"
    path.write_text("w1 w5 w3\n\nw2 w7\n")
    return path


def test_each_prompt_of_a_file_gets_a_graph_and_a_second_run_makes_none_again(
    folders, prompts, tmp_path
):
    options = ("--prompts", str(prompts), "--out", str(tmp_path / "graphs"))
    result = run(folders, *options)
    assert result.exit_code == 0
    assert result.stdout.endswith("2 traced, 0 already there, 0 failed\n")
    first, second = sorted((tmp_path / "graphs").iterdir())
    assert (first.name, second.name) == ("0001.npz", "0003.npz")
    assert AttributionGraph.load(second).header.prompt == "w2 w7"
    alone = tmp_path / "alone.npz"
    run(folders, "--prompt", "w2 w7", "--out", str(alone))
    assert alone.read_bytes() == second.read_bytes()
    stamp = first.stat().st_mtime_ns
    again = run(folders, *options)
    assert again.stdout.endswith("0 traced, 2 already there, 0 failed\n")
    assert first.stat().st_mtime_ns == stamp


def test_other_settings_other_prompts_and_damaged_files_are_traced_anew(folders, prompts, tmp_path):
    out = tmp_path / "graphs"
    options = ("--prompts", str(prompts), "--out", str(out))
    run(folders, *options)
    other = run(folders, *options, "--until", "0.5")
    assert other.stdout.endswith("2 traced, 0 already there, 0 failed\n")
    (out / "0001.npz").write_bytes(b"half of a graph")
    prompts.write_text("w1 w5 w3\n\nw2 w8\n")
    third = run(folders, *options, "--until", "0.5")
    assert third.stdout.endswith("2 traced, 0 already there, 0 failed\n")
    assert AttributionGraph.load(out / "0003.npz").header.prompt == "w2 w8"


def test_one_bad_prompt_does_not_stop_the_others_but_counts(folders, tmp_path):
    path = tmp_path / "prompts.jsonl"
    rows = [
        {"id": "first", "text": "w1 w5", "split": "test"},
        {"id": "long", "text": " ".join(["w1"] * 40)},
        {"id": "../escape", "text": "w1"},
        {"id": "none"},
        {"id": "chat", "messages": [{"role": "user", "content": "w1"}]},
    ]
    lines = [*(json.dumps(row) for row in rows), "{broken", json.dumps({"text": "w2 w3"})]
    path.write_text("\n".join(lines))
    out = tmp_path / "graphs"
    result = run(folders, "--prompts", str(path), "--out", str(out), "--format", "json")
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    states = [(each["name"], each["state"]) for each in found]
    assert states == [
        ("first", "traced"),
        ("long", "failed"),
        ("0003", "failed"),
        ("0004", "failed"),
        ("chat", "failed"),
        ("0006", "failed"),
        ("0007", "traced"),
    ]
    assert "1 to 32 tokens" in found[1]["error"]
    assert "letters, digits" in found[2]["error"]
    assert "text or messages" in found[3]["error"]
    assert "a chat template" in found[4]["error"]
    assert sorted(path.name for path in out.iterdir()) == ["0007.npz", "first.npz"]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("prompts.csv", "w1", "a .txt or a .jsonl"),
        ("prompts.txt", " \n", "at least one prompt"),
        ("prompts.jsonl", '{"id": "a", "text": "w1"}\n{"id": "a", "text": "w2"}', "'a' twice"),
    ],
)
def test_files_without_prompts_are_refused(name, text, message, tmp_path):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(BadInput, match=message):
        read_prompts(path)


def test_a_chat_is_traced_with_its_special_tokens(folders, tmp_path):
    path = tmp_path / "graph.npz"
    result = run(folders, "--chat", "w1 w5", "--out", str(path), model="chatty")
    assert "every row closed" in result.stdout
    graph = AttributionGraph.load(path)
    tokens = ("<bos>", "<pad>", "w30", "w1", "w5", "<pad>", "w31")
    assert graph.header.tokens == tokens
    assert len(graph.nodes_of(NodeKind.TOKEN)) == len(tokens)
    assert graph.nodes.position[graph.feature_nodes].min() == 1


def test_a_chat_whose_last_message_is_the_answer_goes_on_with_it(folders, tmp_path):
    chat = tmp_path / "chat.json"
    messages = [{"role": "user", "content": "w1"}, {"role": "assistant", "content": "w7"}]
    chat.write_text(json.dumps({"messages": messages}))
    result = run(folders, "--chat", str(chat), "--format", "json", model="chatty")
    tokens = json.loads(result.stdout)["tokens"]
    assert tokens == ["<bos>", "<pad>", "w30", "w1", "<pad>", "w31", "w7"]


def test_models_without_a_template_and_chats_that_it_refuses_are_named(folders, tmp_path):
    with pytest.raises(AtlasError, match="expected a chat template; found none"):
        run(folders, "--chat", "w1")
    chat = tmp_path / "chat.json"
    chat.write_text(json.dumps([{"role": "system", "content": "w1"}]))
    with pytest.raises(BadInput, match="no system here"):
        run(folders, "--chat", str(chat), model="chatty")
    for wrong in ("[]", '{"role": "user"}', '[{"role": "user", "content": 3}]'):
        chat.write_text(wrong)
        with pytest.raises(BadInput, match="a list of messages"):
            read_chat(str(chat))
    with pytest.raises(BadInput, match="a readable JSON file"):
        read_chat(str(tmp_path / "nowhere.json"))
    chat.write_text("[" * 100_000)
    with pytest.raises(BadInput, match="a readable JSON file"):
        read_chat(str(chat))


def test_a_dictionary_of_chats_leaves_out_their_start_and_takes_no_other_prompt(folders, tmp_path):
    source = circuit_tracer.load(folders / "transcoders")
    config = "zero_positions: 3\n" + (folders / "transcoders" / "config.yaml").read_text()
    chats = tmp_path / "chats"
    circuit_tracer.save(source, chats, "tiny")
    (chats / "config.yaml").write_text(config)
    path = tmp_path / "graph.npz"
    run(folders, "--chat", "w1 w5", "--out", str(path), model="chatty", dictionary=chats)
    graph = AttributionGraph.load(path)
    assert graph.header.provenance["zero_positions"] == 3
    placed = graph.nodes_of(NodeKind.ERROR)
    assert (
        graph.nodes.position[placed].min() == graph.nodes.position[graph.feature_nodes].min() == 3
    )
    assert abs(graph.closure_gap()).max() < 1e-4
    with pytest.raises(BadInput, match="the first 3 tokens of a chat"):
        run(folders, "--prompt", "w1 w5 w3 w2", model="chatty", dictionary=chats)


@pytest.mark.parametrize(
    "options",
    [(), ("--prompt", "w1", "--chat", "w1"), ("--prompts", "prompts.txt", "--prompt", "w1")],
)
def test_one_source_of_prompts_is_needed(options, folders, prompts, monkeypatch):
    monkeypatch.chdir(prompts.parent)
    result = run(folders, *options)
    assert result.exit_code == 2
    assert "one of --prompt, --prompts and --chat" in result.stderr
    assert run(folders, "--prompts", "prompts.txt").exit_code == 2
