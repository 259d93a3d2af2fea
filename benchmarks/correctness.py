"""Adjacency and published scores beside circuit-tracer's, on one model of each kind.

python -m benchmarks.correctness
"""

from __future__ import annotations

from dataclasses import replace

from atlas.models.sites import Site
from benchmarks.agreement import Agreement, compare
from benchmarks.jobs import BUILD, OURS, PEER, Job, measure
from benchmarks.random_models import RandomModel, prompt, write

LENGTH = 12  # tokens
RANKED = 60  # features, where not all are traced
GROUPED = {"num_key_value_heads": 2}
BASE = RandomModel("transcoders", "Llama", 4, 64, 4, 300, 256, active=12, settings=GROUPED)
GEMMA = replace(
    BASE,
    family="Gemma2",
    settings={**GROUPED, "head_dim": 16, "sliding_window": 64, "query_pre_attn_scalar": 16},
)
CASES = (
    BASE,
    replace(BASE, name="written after the MLP's own norm", output=Site.MLP_WRITE),
    replace(BASE, name="skip transcoders", kind="skip"),
    replace(BASE, name="cross-layer transcoder", kind="cross_layer"),
    replace(BASE, name="TopK", activation="topk"),
    replace(GEMMA, name="Gemma-2, before its post-norm"),
    replace(GEMMA, name="Gemma-2, after its post-norm", output=Site.MLP_WRITE),
    replace(BASE, name="GPT-2", family="GPT2", settings={}),
)


def main() -> None:
    """Print the table."""
    print("| model | features | selected | difference | scores |")
    print("|---|---|---|---|---|")
    for wanted in CASES:
        for most in (None, RANKED):
            print(_row(f"{wanted.name}{', ranked' if most else ''}", agreement(wanted, most)))


def agreement(wanted: RandomModel, most: int | None) -> Agreement:
    """The two sides' graphs of one model, compared."""
    folder = write(wanted, BUILD / "correctness" / wanted.name)
    graphs = {side: folder / f"{side}.npz" for side in (PEER, OURS)}
    job = Job(
        str(folder / "model"),
        str(folder / "transcoders"),
        prompt(wanted, LENGTH),
        most,
        batch=16,
        rows_per_step=32,
    )
    for side, graph in graphs.items():
        measure(side, replace(job, graph=str(graph)))
    return compare(graphs[PEER], graphs[OURS])


def _row(name: str, found: Agreement) -> str:
    same = "same" if found.same_features and found.same_logits else "different"
    return (
        f"| {name} | {found.features} | {same} | {found.difference:.1e} | "
        f"{found.score_difference:.1e} |"
    )


if __name__ == "__main__":
    main()
