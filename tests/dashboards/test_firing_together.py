import numpy as np

from atlas.dashboards.firing_together import NONE, Piece, TogetherSettings, firing_together

TOKENS, FEATURES = 400, 12
GENERATOR = np.random.default_rng(1)
ACTIVE = GENERATOR.random((TOKENS, FEATURES)) < GENERATOR.uniform(0.02, 0.5, FEATURES)
ACTIVE[:, 3] = ACTIVE[:, 7]  # a twin
ACTIVE[:, 11] = False
COUNTS = ACTIVE.sum(0)
SETTINGS = TogetherSettings(others=4, least_overlap=0.1, least_both=5)


def pieces(*edges):
    for start, stop in zip(edges[:-1], edges[1:], strict=True):
        token, feature = np.nonzero(ACTIVE[start:stop])
        yield Piece(token.astype(np.int64) + start, feature.astype(np.int64))


def expected(own: int) -> list[tuple[int, int]]:
    both = (ACTIVE[:, [own]] & ACTIVE).sum(0)
    overlap = both / np.maximum((ACTIVE[:, [own]] | ACTIVE).sum(0), 1)
    others = [f for f in range(FEATURES) if f != own and both[f] >= 5 and overlap[f] >= 0.1]
    return [(f, int(both[f])) for f in sorted(others, key=lambda f: (-overlap[f], f))][:4]


def test_joint_activity_is_counted_exactly_whatever_the_portions():
    wanted = np.array([0, 3, 7, 8, 11])
    for edges in ((0, TOKENS), (0, 1, 77, 300, TOKENS), (0, 200, 200, TOKENS)):
        found = firing_together(wanted, COUNTS, pieces(*edges), SETTINGS)
        for row, own in enumerate(wanted):
            pairs = zip(found.index[row].tolist(), found.both[row].tolist(), strict=True)
            assert [pair for pair in pairs if pair[0] != NONE] == expected(own)
    assert found.index[1][0] == 7  # the twin comes first
    assert set(found.index[4]) == {NONE}
