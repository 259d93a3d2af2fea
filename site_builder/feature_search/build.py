"""Writes the index of the features whose dashboards the site has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from atlas.errors import BadInput
from site_builder.dashboards import check_unchanged
from site_builder.feature_search.index_files import FeatureGroup, WrittenIndex, write_index
from site_builder.feature_search.texts import FeatureText, shard_texts
from site_builder.records import DictionaryDashboards, SiteRecords

FOLDER = "feature_index"
SHARD_ENDING = ".shard"


def write_feature_index(site: SiteRecords, source: Path) -> WrittenIndex | None:
    """Write the index under the site's source; None where no dashboards were computed.

    Raises BadInput where shards are missing or were replaced meanwhile, UnknownFormat for one that
    is damaged.
    """
    groups = feature_groups(site.dashboards)
    if not groups:
        return None
    labels = curated_labels(site)
    texts = (text for group in groups for text in group_texts(group, site, labels))
    written = write_index(groups, texts, source / FOLDER)
    check_unchanged(site.dashboards)  # this is the last that reads them
    return written


def feature_groups(dashboards: Mapping[str, DictionaryDashboards]) -> list[FeatureGroup]:
    """Every layer of every dictionary, in the order of the index."""
    found = [
        FeatureGroup(model, dictionary, layer, features)
        for name, each in dashboards.items()
        for model, dictionary in [name.split("/")]
        for layer, features in each.layers.items()
    ]
    return sorted(found, key=lambda group: group.order)


def curated_labels(site: SiteRecords) -> dict[tuple[str, str, int], dict[int, str]]:
    """The labels of features with entries, by model, dictionary and layer, then by index."""
    found: dict[tuple[str, str, int], dict[int, str]] = {}
    for record in site.features.values():
        feature = record.feature
        place = (feature.model, feature.dictionary, feature.short.layer)
        found.setdefault(place, {})[feature.short.index] = feature.label
    return found


def group_texts(
    group: FeatureGroup,
    site: SiteRecords,
    labels: Mapping[tuple[str, str, int], Mapping[int, str]],
) -> Iterator[FeatureText]:
    """The texts of a group's features in order."""
    known = site.dashboards[f"{group.model}/{group.dictionary}"]
    curated = labels.get((group.model, group.dictionary, group.layer), {})
    seen = 0
    while seen < group.features:
        path = known.folder / f"{group.layer}-{seen}{SHARD_ENDING}"
        if not path.is_file():
            action = "compute it again with `atlas dashboard --layout site`"
            raise BadInput(str(path), "a shard of dashboards", "no such file", action)
        texts = list(shard_texts(path, curated))
        yield from texts[: group.features - seen]
        seen += max(len(texts), 1)
