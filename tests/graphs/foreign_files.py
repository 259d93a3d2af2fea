"""Small graph files as other programs write them."""

from __future__ import annotations

import json


def foreign_node(node_id, kind="cross layer transcoder", layer="0", position=1, **fields):
    return {
        "node_id": node_id,
        "feature": None,
        "layer": layer,
        "ctx_idx": position,
        "feature_type": kind,
        "jsNodeId": f"{node_id}-js",
        "clerp": "",
    } | fields


ERROR = "mlp reconstruction error"
LOGIT_FIELDS = {"feature": 22605, "clerp": 'Output " Austin" (p=0.439)', "token_prob": 0.4394}


def foreign_file(tmp_path, nodes=(), links=(), metadata=None, **blocks):
    values = {
        "metadata": {
            "slug": "s",
            "scan": "gemma-2-2b",
            "prompt_tokens": ["<bos>", " Dallas"],
            "prompt": "Dallas",
        }
        | (metadata or {}),
        "qParams": {},
        "nodes": [
            foreign_node("E_2_0", "embedding", "E", 0, feature=0),
            foreign_node("27_22605_1", "logit", "27", **LOGIT_FIELDS),
            *nodes,
        ],
        "links": [
            {"source": source, "target": target, "weight": weight}
            for source, target, weight in links
        ],
    } | blocks
    path = tmp_path / "foreign.json"
    path.write_text(json.dumps(values), "utf-8")
    return path
