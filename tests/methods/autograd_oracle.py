"""Attribution rows by automatic differentiation: slow, short, and independent of the sweep.

One forward pass with patterns and norm scales detached and every MLP output replaced by a leaf,
past which only a skip connection carries gradients; then one backward pass per target. A column is
the gradient at the places where its source writes, times what the source writes there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from atlas.graphs.graph import NodeKind
from atlas.models.dictionaries import Dictionary
from atlas.models.language_model import LanguageModel
from atlas.models.sites import Site

FROZEN = (
    Site.ATTENTION_PATTERN,
    Site.ATTENTION_NORM_SCALE,
    Site.ATTENTION_POST_NORM_SCALE,
    Site.MLP_NORM_SCALE,
    Site.MLP_POST_NORM_SCALE,
)


STREAMS = (Site.RESIDUAL_BEFORE, Site.RESIDUAL_MIDDLE, Site.RESIDUAL_AFTER)


@dataclass
class Oracle:
    """The graph's rows as a dense matrix [row, node]; constants and dropped mass stay 0."""

    model: LanguageModel
    dictionary: Dictionary
    ids: torch.Tensor

    def __post_init__(self):
        self.written: dict[int, torch.Tensor] = {}
        self.read: dict[object, torch.Tensor] = {}
        self.embedding: list[torch.Tensor] = []
        edits = {(Site.FINAL_NORM_SCALE, 0): torch.Tensor.detach}
        for layer in range(self.model.layers):
            edits |= {
                (site, layer): torch.Tensor.detach for site in FROZEN if self.model.has(site, layer)
            }
            edits[self.dictionary.feature_input, layer] = self._keep(self.read, layer)
            edits[self.dictionary.feature_output, layer] = self._leaf(self.written, layer)
        edits[Site.EMBEDDING, 0] = self._embedding_leaf
        for layer in range(self.model.layers):
            for site in STREAMS:
                if self.model.has(site, layer):
                    edits[site, layer] = self._keep_too(
                        (site, layer), edits.get((site, layer), lambda value: value)
                    )
        edits[Site.LOGITS, 0] = self._keep(self.read, "logits")
        self.model.run(self.ids[None], edits=edits, gradients=True)
        positions = torch.zeros_like(self.embedding[0])
        if self.model.has(Site.POSITION_EMBEDDING):
            place = (Site.POSITION_EMBEDDING, 0)
            positions = self.model.run(self.ids[None], read=[place]).values[place]
        self.tokens = (self.embedding[0].detach() - positions)[0]

    def _keep(self, where, key):
        def edit(value):
            where[key] = value
            return value

        return edit

    def _keep_too(self, key, edit):
        def kept(value):
            self.read[key] = edit(value)
            return self.read[key]

        return kept

    def _leaf(self, where, layer):
        skip = self.dictionary.skip(layer)

        def edit(value):
            where[layer] = value.detach().requires_grad_()
            if skip is None:
                return where[layer]
            skipped = self.read[layer] @ skip.weight.T
            return where[layer] + skipped - skipped.detach()

        return edit

    def _embedding_leaf(self, value):
        self.embedding[:] = [value.detach().requires_grad_()]
        return self.embedding[0]

    def error(self, layer):
        read = {source: self.read[source].detach()[0] for source in range(layer + 1)}
        out = self.written[layer].detach()[0] - self.dictionary.coder(layer).b_dec
        for source in self.dictionary.writers(layer):
            coder = self.dictionary.coder(source)
            out = out - coder.encode(read[source]) @ coder.decoder(layer - source)
        skip = self.dictionary.skip(layer)
        return out if skip is None else out - skip.apply(read[layer])

    def target(self, nodes, node):
        """The scalar that a row explains."""
        layer, position, index = (
            int(column[node]) for column in (nodes.layer, nodes.position, nodes.index)
        )
        if nodes.kind[node] == NodeKind.LOGIT:
            return self.logit(index, position)
        return self.dictionary.coder(layer).pre_activations(self.read[layer][0, position])[index]

    def logit(self, token, position):
        logits = self.read["logits"][0, position]
        return logits[token] - logits.mean()

    def row(self, nodes, node):
        return self.row_of(nodes, self.target(nodes, node))

    def row_of(self, nodes, scalar):
        """The row of any scalar that depends on what is kept in `read`."""
        leaves = [*(self.written[layer] for layer in range(self.model.layers)), self.embedding[0]]
        found = torch.autograd.grad(scalar, leaves, retain_graph=True, materialize_grads=True)
        gradients = torch.stack([gradient[0] for gradient in found])
        out = np.zeros(len(nodes))
        is_feature = nodes.kind == NodeKind.FEATURE
        for layer in range(self.model.layers):
            mine = np.flatnonzero(is_feature & (nodes.layer == layer))
            position = torch.from_numpy(nodes.position[mine]).long()
            index = torch.from_numpy(nodes.index[mine]).long()
            value = torch.from_numpy(nodes.value[mine])
            for target in self.dictionary.written_layers(layer):
                decoder = self.dictionary.coder(layer).decoder(target - layer)[index]
                out[mine] += ((decoder * gradients[target][position]).sum(-1) * value).numpy()
            errors = np.flatnonzero((nodes.kind == NodeKind.ERROR) & (nodes.layer == layer))
            every = (self.error(layer) * gradients[layer]).sum(-1).numpy()
            out[errors] = every[nodes.position[errors]]
        out[nodes.kind == NodeKind.TOKEN] = (self.tokens * gradients[-1]).sum(-1).numpy()
        return out

    def rows(self, graph):
        return np.stack([self.row(graph.nodes, node) for node in graph.row_nodes])
