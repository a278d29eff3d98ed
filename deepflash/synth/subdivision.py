"""One level of Catmull-Clark subdivision (1978) as a sparse matrix, computed once per topology."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from scipy import sparse

Quads = Int[np.ndarray, "f 4"]


class Subdivision(NamedTuple):
    """What refines any vertices of one topology: `matrix @ vertices`."""

    matrix: sparse.csr_matrix
    quads: Int[np.ndarray, "g 4"]
    quads_uv: Int[np.ndarray, "g 4"]
    uv: Float[np.ndarray, "t 2"]


class _Edges(NamedTuple):
    ends: Int[np.ndarray, "e 2"]
    of_corner: Int[np.ndarray, "f 4"]
    """Edge from each corner of a face to the next; -1 where a triangle has no fourth."""
    faces: Int[np.ndarray, " e"]
    """How many faces meet at the edge; 1 on a border."""


def subdivide(quads: Quads, quads_uv: Quads, uv: Float[np.ndarray, "t 2"]) -> Subdivision:
    """Refines a mesh of quadrangles and triangles (-1 as fourth vertex) into quadrangles.

    Borders become smooth curves of their own vertices. Texture coordinates are split linearly,
    so that seams stay where they are.
    """
    count = int(quads.max()) + 1
    edges, edges_uv = _edges(quads), _edges(quads_uv)
    matrix = _matrix(quads, edges, count)
    sides = np.where(quads[:, 3] >= 0, 4, 3)
    refined = _refine(quads, edges, count)
    refined_uv = _refine(quads_uv, edges_uv, len(uv))
    corners = np.where(quads_uv[..., None] >= 0, uv[quads_uv], 0)
    middle = corners.sum(1) / sides[:, None]
    new_uv = np.concatenate([uv, uv[edges_uv.ends].mean(1), middle])
    return Subdivision(matrix, refined, refined_uv, new_uv)


def triangles(quads: Quads) -> Int[np.ndarray, "m 3"]:
    """Returns two triangles for each quadrangle and one for each triangle."""
    return np.concatenate([quads[:, :3], quads[quads[:, 3] >= 0][:, [0, 2, 3]]])


def _following(quads: Quads) -> Quads:
    """Returns for each corner of a face the vertex that comes next round it."""
    following = np.roll(quads, -1, axis=1)
    is_triangle = quads[:, 3] < 0
    following[is_triangle, 2] = quads[is_triangle, 0]
    following[is_triangle, 3] = -1
    return following


def _edges(quads: Quads) -> _Edges:
    pairs = np.sort(np.stack([quads, _following(quads)], -1).reshape(-1, 2), axis=1)
    real = quads.reshape(-1) >= 0
    ends, inverse, faces = np.unique(pairs[real], axis=0, return_inverse=True, return_counts=True)
    of_corner = np.full(quads.size, -1)
    of_corner[real] = inverse.reshape(-1)
    return _Edges(ends, of_corner.reshape(quads.shape), faces)


def _matrix(quads: Quads, edges: _Edges, count: int) -> sparse.csr_matrix:
    real = quads >= 0
    face_of = np.nonzero(real)[0]
    face_count, edge_count = len(quads), len(edges.ends)
    sides = real.sum(1)
    to_face = _sparse(1 / sides[face_of], face_of, quads[real], (face_count, count))
    ends = np.repeat(np.arange(edge_count), 2)
    to_middle = _sparse(
        np.full(2 * edge_count, 0.5), ends, edges.ends.reshape(-1), (edge_count, count)
    )
    edge_faces = _sparse(
        np.ones(len(face_of)), edges.of_corner[real], face_of, (edge_count, face_count)
    )
    is_border = edges.faces != 2
    to_edge = (
        sparse.diags(np.where(is_border, 1, 0.5)) @ to_middle
        + sparse.diags(np.where(is_border, 0, 0.25)) @ edge_faces @ to_face
    )
    vertex_faces = _sparse(np.ones(len(face_of)), quads[real], face_of, (count, face_count))
    vertex_edges = _sparse(
        np.ones(2 * edge_count), edges.ends.reshape(-1), ends, (count, edge_count)
    )
    to_vertex = _to_vertex(vertex_faces, vertex_edges, to_face, to_middle, is_border)
    return sparse.csr_matrix(sparse.vstack([to_vertex, to_edge, to_face]))


def _to_vertex(
    vertex_faces: sparse.csr_matrix,
    vertex_edges: sparse.csr_matrix,
    to_face: sparse.csr_matrix,
    to_middle: sparse.csr_matrix,
    is_border: np.ndarray,
) -> sparse.csr_matrix:
    """Returns the rule for old vertices: inner ones, those on a border, and corners that stay."""
    valence = np.asarray(vertex_faces.sum(1)).reshape(-1)
    spokes = np.asarray(vertex_edges.sum(1)).reshape(-1)
    border_edges = vertex_edges @ sparse.diags(is_border.astype(float))
    border = np.asarray(border_edges.sum(1)).reshape(-1)
    inner = (border == 0) & (valence == spokes) & (valence >= 3)
    smooth = border == 2
    n = np.maximum(valence, 1)
    keep = sparse.identity(len(valence), format="csr")
    inner_rule = (
        sparse.diags(1 / n**2) @ vertex_faces @ to_face
        + sparse.diags(2 / n / np.maximum(spokes, 1)) @ vertex_edges @ to_middle
        + sparse.diags((n - 3) / n) @ keep
    )
    border_rule = 0.5 * keep + 0.25 * border_edges @ to_middle
    return (
        sparse.diags(inner.astype(float)) @ inner_rule
        + sparse.diags(smooth.astype(float)) @ border_rule
        + sparse.diags((~inner & ~smooth).astype(float)) @ keep
    )


def _sparse(
    values: np.ndarray, rows: np.ndarray, columns: np.ndarray, shape: tuple[int, int]
) -> sparse.csr_matrix:
    return sparse.csr_matrix((values, (rows, columns)), shape)


def _refine(quads: Quads, edges: _Edges, count: int) -> Int[np.ndarray, "g 4"]:
    """Returns one quadrangle for each corner: corner, edge after, face, edge before."""
    real = quads >= 0
    before = np.roll(edges.of_corner, 1, axis=1)
    is_triangle = quads[:, 3] < 0
    before[is_triangle, 0] = edges.of_corner[is_triangle, 2]
    face = np.broadcast_to(np.arange(len(quads))[:, None], quads.shape)
    refined = np.stack(
        [quads, count + edges.of_corner, count + len(edges.ends) + face, count + before], -1
    )
    return refined[real]
