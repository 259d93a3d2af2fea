import numpy as np

from atlas.methods.train_dictionary import mlp_places
from atlas.methods.training.activation_stream import ActivationStream, StreamSettings


def test_position_0_and_padding_are_left_out(tiny_model):
    model = tiny_model()
    settings = StreamSettings(batch_tokens=100, pad_id=2)
    stream = ActivationStream(model, [], mlp_places(model), settings)
    found = stream.read(np.array([[0, 5, 6, 2], [0, 7, 2, 2]]))
    assert found.shape == (2 * model.layers, 3, model.d_model)
