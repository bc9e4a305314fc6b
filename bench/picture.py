"""Pictures in SVG, written with the standard library alone: for plot.py and server_plot.py."""
import math
from xml.sax.saxutils import escape


class Picture:
    def __init__(self, width, height):
        self.width, self.height, self.parts = width, height, []

    def text(self, x, y, content, anchor="start", size=12, fill="#222222"):
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" '
                          f'fill="{fill}">{escape(content)}</text>')

    def line(self, x1, y1, x2, y2, stroke="#dddddd", width=1.0, dashes="none"):
        self.parts.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
                          f'stroke="{stroke}" stroke-width="{width}" stroke-dasharray="{dashes}"/>')

    def bar(self, x, y, width, height, fill):
        self.parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 1):.1f}" '
                          f'height="{height:.1f}" fill="{fill}"/>')

    def dot(self, x, y, fill):
        self.parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{fill}"/>')

    def path(self, places, stroke, width=1.5):
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        self.parts.append(f'<polyline points="{points}" fill="none" stroke="{stroke}" stroke-width="{width}" '
                          f'stroke-linejoin="round"/>')

    def write(self, path):
        with open(path, "w", encoding="utf-8") as file:
            file.write(f'<svg xmlns="http://www.w3.org/2000/svg" width="{self.width}" '
                       f'height="{self.height}" font-family="sans-serif">\n'
                       f'<rect width="100%" height="100%" fill="white"/>\n')
            file.write("\n".join(self.parts) + "\n</svg>\n")
        print(path)


def decades(values):
    """The powers of ten around the values, as exponents."""
    low = math.floor(math.log10(min(values)))
    high = math.ceil(math.log10(max(values)))
    return low, max(high, low + 1)


def apart(heights, distance):
    """The heights, in their order, with no two closer than that; the lowest stays where it is."""
    placed = dict(heights)
    names = sorted(heights, key=heights.get, reverse=True)
    for below, name in zip(names, names[1:]):
        placed[name] = min(placed[name], placed[below] - distance)
    return placed
