import torch

from atlas.methods.training.feature_starts import revive, start
from atlas.methods.training.transcoder_stack import StackShape, TranscoderStack


def stack_of_four(d_model: int = 3) -> TranscoderStack:
    return TranscoderStack(StackShape(1, 4, d_model), (2,), "top_k")


def test_dead_features_are_restarted():
    torch.manual_seed(0)  # a feature may restart where it started
    stack = stack_of_four()
    reads, writes = torch.randn(1, 10, 3), torch.randn(1, 10, 3)
    generator = torch.Generator().manual_seed(0)
    start(stack, reads, writes, generator)
    before = stack.decoder[0].detach().clone()
    revive(stack, (torch.tensor([1, 3]),), torch.eye(3)[None], writes[:, :3], generator)
    changed = (stack.decoder[0] != before).any(-1)[0]
    assert changed.tolist() == [False, True, False, True]


def test_no_two_dead_features_restart_on_one_token():
    stack = stack_of_four()
    # One token holds nearly all of the error; with replacement it would be drawn every time.
    errors = torch.diag(torch.tensor([1e3, 1.0, 1.0]))[None]
    generator = torch.Generator().manual_seed(0)
    revive(stack, (torch.tensor([0, 1, 2]),), torch.eye(3)[None], errors, generator)
    revived = stack.decoder[0][0, :3]
    assert (revived @ revived.T).fill_diagonal_(0).abs().max() == 0


def test_of_tokens_that_are_alike_one_feature_restarts():
    stack = stack_of_four()
    reads = torch.tensor([[[1.0, 0.0, 0.0], [1.0, 0.1, 0.0], [0.0, 0.0, 1.0]]])
    dead = torch.tensor([0, 2, 3])
    (restarted,) = revive(stack, (dead,), reads, torch.ones(1, 3, 3), torch.Generator())
    assert restarted.tolist() == [0, 2]
    assert stack.decoder[0][0].any(-1).tolist() == [True, False, True, False]


def test_a_revived_feature_is_silent_on_unlike_inputs():
    stack = stack_of_four(d_model=2)
    reads, errors = torch.tensor([[[4.0, 0.0]]]), torch.tensor([[[0.0, 2.0]]])
    revive(stack, (torch.tensor([0]),), reads, errors, torch.Generator())
    own, near, far = stack.pre_activations(torch.tensor([[[4.0, 0.0], [3.2, 2.4], [2.0, 3.0]]]))[0]
    assert own[0] == 2.0 and 0 < near[0] < 1.0 and far[0] < 0


def test_features_start_at_their_own_layer_alone():
    torch.manual_seed(0)
    stack = TranscoderStack(StackShape(2, 4, 3, cross_layer=True), (2, 2), "top_k")
    torch.nn.init.ones_(stack.decoder[0])
    start(stack, torch.randn(2, 10, 3), torch.randn(2, 10, 3), torch.Generator())
    own, later = stack.decoder[0]
    torch.testing.assert_close(own.detach().norm(dim=-1), torch.ones(4))
    assert later.count_nonzero() == 0
