"""The tree of categories, the files of pictures, and how much there may be."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

# What one product may have: its page shows all of them.
MAX_VARIANTS = 100
MAX_IMAGES = 100
MAX_DOCUMENTS = 20
# Of a thing among others in the order that staff give them.
MAX_POSITION = 1_000_000
# The tree is answered nested, and JSON is nested only so deep.
MAX_CATEGORY_LEVELS = 20
# Each read of the tree reads all of it; one answer tells so many.
MAX_CATEGORIES = 10_000
MAX_TOLD_CATEGORIES = 1000
# The sizes of a picture, each within a square of so many pixels.
IMAGE_SIZES = {"small": 160, "thumbnail": 320, "large": 960}


def thumbnail_name(name: str) -> str:
    """Where the small rendition of a stored image lies: beside it."""
    return rendition_name(name, "thumbnail")


def rendition_name(name: str, size: str, suffix: str | None = None) -> str:
    """Where a smaller size of a stored image lies, by default in its own format: beside it."""
    path = PurePosixPath(name)
    return str(path.with_name(f"{path.stem}-{size}{suffix or path.suffix}"))


def image_files(name: str) -> list[str]:
    """Every file of a stored image: itself, and what is drawn of it at once or in the background."""
    return [name, *(rendition_name(name, size, suffix) for size in IMAGE_SIZES for suffix in (None, ".webp"))]


def category_tree(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rows with `id` and `parent` nested by `children`, in the order given.

    A row whose parent is not among the rows is left out with all that lies below it.
    """
    nodes = {row["id"]: {**row, "children": []} for row in rows}
    roots = []
    for node in nodes.values():
        if node["parent"] is None:
            roots.append(node)
        elif node["parent"] in nodes:
            nodes[node["parent"]]["children"].append(node)
    return roots


def walk_tree(nodes: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Each node of a tree, parents before their children, however deep it is."""
    waiting = list(nodes)[::-1]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += reversed(node["children"])


def cut_tree(nodes: Iterable[Mapping[str, Any]], *, most: int, levels: int) -> list[dict[str, Any]]:
    """The tree down to so many levels and, below the given nodes, to so many nodes, upper ones first.

    All children of a node are there or none: where some are left out, `children_left_out` is true.
    """
    told = [dict(node) for node in nodes]
    row, room = told, most - len(told)
    for level in range(1, levels + 1):
        below = []
        for node in row:
            if node["children"] and (level == levels or len(node["children"]) > room):
                node |= {"children": [], "children_left_out": True}
            node["children"] = [dict(child) for child in node["children"]]
            room -= len(node["children"])
            below += node["children"]
        row = below
    return told


def category_level(category_id: int | None, *, parents: Mapping[int, int | None]) -> int:
    """How many categories lie from the top to this one, itself included; 0 for none."""
    level = 0
    while category_id is not None:
        category_id, level = parents[category_id], level + 1
    return level


def branch_levels(category_id: int, *, parents: Mapping[int, int | None]) -> int:
    """How many levels a category is with all that lies below it."""
    levels, lowest = 0, {category_id}
    while lowest:
        levels, lowest = levels + 1, {child for child, parent in parents.items() if parent in lowest}
    return levels


def without_children(node: Mapping[str, Any]) -> dict[str, Any]:
    """A node of a tree by itself."""
    return {name: value for name, value in node.items() if name != "children"}
