import pytest
import torch

from atlas.methods.training.feature_starts import start
from atlas.methods.training.scale import Scale
from atlas.methods.training.trained_dictionary import trained_dictionary
from atlas.methods.training.transcoder_stack import StackShape, TranscoderStack


@pytest.mark.parametrize("gate", ["top_k", "batch_top_k"])
@pytest.mark.parametrize("skip", [False, True])
@pytest.mark.parametrize("cross_layer", [False, True])
def test_weights_in_the_models_units_are_the_same_function(gate, skip, cross_layer):
    torch.manual_seed(0)
    spread = torch.tensor([2.0, 7.0])[:, None, None]
    inputs, outputs = 3 + 2 * torch.randn(2, 200, 5), 1 + spread * torch.randn(2, 200, 5)
    scale = Scale.measure(inputs, outputs)
    scaled = scale.inputs(inputs)
    stack = TranscoderStack(StackShape(2, 12, 5, cross_layer, skip), (3, 3), gate)
    start(stack, scaled, scale.outputs(outputs), torch.Generator())
    with torch.no_grad():
        for parameter in stack.parameters():
            parameter += 0.1 * torch.randn(parameter.shape)
    stack.follow_threshold(stack.pre_activations(scaled), (3.0, 3.0), 1.0)
    stack.threshold *= 0.999  # off the activation that it was read from: rounding must not matter
    inside = stack.estimate(stack.active(stack.pre_activations(scaled)), scaled)
    dictionary = trained_dictionary(stack, scale)
    activations = {layer: dictionary.encode(layer, inputs[layer]) for layer in range(2)}
    for layer in range(2):
        expected = inside[layer] * scale.output_size[layer] + scale.output_mean[layer]
        found = dictionary.reconstruct(layer, activations, inputs[layer])
        torch.testing.assert_close(found, expected.detach(), rtol=1e-4, atol=1e-4)
