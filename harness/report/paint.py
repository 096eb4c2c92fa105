"""Paint: matplotlib draws a drawing, as an artist of one figure."""

from __future__ import annotations

import io
import itertools
import math
import warnings
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import matplotlib as mpl
from matplotlib.artist import Artist
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.markers import MarkerStyle
from matplotlib.path import Path
from matplotlib.text import Text
from matplotlib.transforms import Affine2D, IdentityTransform

from harness.printable import printable
from harness.report.drawing import PAPER, Areas, Dot, Strokes, Told, Words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.backend_bases import GraphicsContextBase, RendererBase

    from harness.report.drawing import Drawing, Part, Place

__all__ = ["DPI", "painted"]

DPI = 72  # a point is a pixel
_STYLE: dict[Any, Any] = {  # keys are a literal type of matplotlib's, different by version
    "svg.fonttype": "none",
    "svg.hashsalt": "awaitbench",
    "font.family": ["DejaVu Sans"],  # not a list of a dozen, written out for every text
    "text.parse_math": False,  # a "$" in a name is a "$"
    "path.simplify": False,
}
_EDGE, _RIM = 0.9, 1.8  # of a dot, and of one that is hollow
_COMPRESSION = 3  # zlib's 6 takes twice as long for a tenth less
_ANCHORS: dict[str, tuple[Literal["left", "center", "right"], float]] = {
    "start": ("left", 0.0),
    "middle": ("center", 0.5),
    "end": ("right", 1.0),
}
_BEND = 4 / 3 * (math.sqrt(2) - 1)  # how far the handles of a quarter of a circle reach


def painted(
    drawing: Drawing,
    colours: Mapping[str, str],
    format: str,  # noqa: A002  # savefig's name for it
    *,
    scale: float = 1.0,
    metadata: Mapping[str, str | None] | None = None,
) -> bytes:
    """Return *drawing* as ``svg`` or ``png``; *colours* says what the sentinels stand for.

    *scale* is how many pixels of a PNG a pixel of the drawing has. In an SVG the n-th of what is
    told (:class:`Told`) is a group whose id is ``tip`` and n.
    """
    with mpl.rc_context(_STYLE), warnings.catch_warnings():
        # The page's fonts draw the text, not matplotlib's: what those lack does not matter.
        warnings.filterwarnings("ignore", message=r"Glyph \d+ ")
        size = (drawing.width / DPI, drawing.height / DPI)
        figure = Figure(figsize=size, dpi=DPI * scale, facecolor="none", edgecolor="none")
        figure.patch.set_visible(False)
        figure.add_artist(_Painting(drawing, colours, anchored=format == "svg"))
        written = io.BytesIO()
        png: dict[str, Any] = {}
        if format == "png":
            png = {"pil_kwargs": {"compress_level": _COMPRESSION}}
        figure.savefig(
            written, format=format, dpi=DPI * scale, metadata=dict(metadata or {}), **png
        )
        return written.getvalue()


class _Painting(Artist):
    """What matplotlib calls to draw: everything in one go, without axes and artists for each."""

    def __init__(self, drawing: Drawing, colours: Mapping[str, str], *, anchored: bool) -> None:
        super().__init__()
        self._anchored = anchored
        self._drawing = drawing
        self._colours = colours

    def draw(self, renderer: RendererBase) -> None:
        """Draw every part with *renderer*."""
        figure = self.get_figure(root=True)
        assert figure is not None
        scale = figure.dpi / DPI
        brush = _Brush(renderer, self._drawing.height, scale, self._colours, self._anchored)
        brush.paint(self._drawing.parts)


class _Brush:
    """Draws parts, one after the other."""

    def __init__(
        self,
        renderer: RendererBase,
        height: float,
        scale: float,
        colours: Mapping[str, str],
        anchored: bool,
    ) -> None:
        self._anchored = anchored  # whether the format knows where a text is anchored
        self._renderer = renderer
        self._height = height
        self._scale = scale
        self._colours = colours
        self._upright = Affine2D().scale(scale, -scale).translate(0, height * scale)
        self._told = 0
        # One for all texts: to make it takes longer than to write one.
        self._artist = Text(rotation_mode="anchor", transform=IdentityTransform())

    def paint(self, parts: Sequence[Part]) -> None:
        for part in parts:
            match part:
                case Strokes():
                    context = self._context(part.colour, part.opacity, part.width)
                    if part.rounded:
                        context.set_capstyle("round")
                        context.set_snap(False)  # a dot would be moved, or vanish
                    if part.dash:
                        context.set_dashes(0, [length * self._scale for length in part.dash])
                    self._path(context, _polylines(part.paths), None)
                case Areas():
                    context = self._context(part.colour, part.opacity, 0)
                    self._path(context, _polylines(part.paths), part.colour)
                case Dot():
                    edge, fill = (PAPER, part.colour)[:: -1 if part.hollow else 1]
                    width = _RIM if part.hollow else _EDGE
                    context = self._context(edge, part.opacity, width)
                    shape = _marker(part.marker, part.size)
                    self._path(context, shape, fill, (part.x, part.y))
                case Words():
                    self._words(part)
                case Told():
                    self._renderer.open_group("tip", f"tip{self._told}")
                    self._told += 1
                    self.paint(part.parts)
                    self._renderer.close_group("tip")

    def _context(self, colour: str, opacity: float, width: float) -> GraphicsContextBase:
        context = self._renderer.new_gc()
        context.set_foreground(self._colours.get(colour, colour))
        context.set_alpha(opacity)
        context.set_linewidth(width * self._scale)
        context.set_joinstyle("round")
        return context

    def _path(
        self,
        context: GraphicsContextBase,
        path: Path,
        fill: str | None,
        at: Place = (0, 0),
    ) -> None:
        face = None if fill is None else to_rgb(self._colours.get(fill, fill))
        moved = Affine2D().translate(*at) + self._upright
        self._renderer.draw_path(context, path, moved, face)
        context.restore()

    def _words(self, words: Words) -> None:
        context = self._context(words.colour, 1.0, 0)
        font = _font(words.size, words.bold)
        anchor, share = _ANCHORS[words.anchor]
        x, y = words.x * self._scale, words.y * self._scale
        text = printable(words.text)  # or the SVG may not be one
        # An SVG anchors the text itself, however wide its letters turn out to be; for that it
        # reads the artist. Where letters are drawn, they are moved by what of them is before x.
        self._artist.set_position((x, self._height * self._scale - y))
        self._artist.set_horizontalalignment(anchor)
        if share and not self._anchored:
            width, _, _ = self._renderer.get_text_width_height_descent(text, font, False)
            before = share * width
            angle = math.radians(words.angle)
            x -= math.cos(angle) * before
            y += math.sin(angle) * before
        self._renderer.draw_text(context, x, y, text, font, words.angle, mtext=self._artist)
        context.restore()


def _polylines(paths: Sequence[Sequence[Place]]) -> Path:
    places = [place for path in paths for place in path]
    codes = [Path.LINETO if index else Path.MOVETO for path in paths for index in range(len(path))]
    return Path(places, codes) if places else Path([(0, 0)], [Path.MOVETO])


@lru_cache(maxsize=64)
def _font(size: float, bold: bool) -> FontProperties:
    return FontProperties(size=size, weight="bold" if bold else "normal")


@lru_cache(maxsize=256)
def _marker(marker: str, size: float) -> Path:
    """Return the outline of a marker around (0, 0), *size* pixels across."""
    if marker == "o":  # in a quarter of the numbers that matplotlib's has
        return _CIRCLE.transformed(Affine2D().scale(size / 2))
    style = MarkerStyle(marker)
    return style.get_path().transformed(style.get_transform() + Affine2D().scale(size, -size))


def _circle() -> Path:
    turns = [(1, 0), (0, 1), (-1, 0), (0, -1), (1, 0)]
    places: list[Place] = [(1, 0)]
    for (x, y), (to_x, to_y) in itertools.pairwise(turns):
        places += [(x + _BEND * to_x, y + _BEND * to_y), (to_x + _BEND * x, to_y + _BEND * y)]
        places.append((to_x, to_y))
    return Path(places, [Path.MOVETO, *[Path.CURVE4] * 12])


_CIRCLE = _circle()
