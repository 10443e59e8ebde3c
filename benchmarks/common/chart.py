"""A horizontal bar chart as SVG, for light and dark pages."""
from xml.sax.saxutils import escape

WIDTH, LEFT, RIGHT = 900, 335, 130
ROW, BAR, TOP, BOTTOM = 38, 20, 84, 34

STYLE = """
  text { font: 14px system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif; fill: #1f2328; }
  .title { font-size: 18px; font-weight: 600; }
  .note, .factor { fill: #656d76; font-size: 12.5px; }
  .ours { font-weight: 700; }
  .card { fill: #ffffff; stroke: #d0d7de; }
  .bar { fill: #a8b3c0; } .limit { fill: #d5dbe2; } .best { fill: #0f7b6c; }
  .axis { stroke: #d0d7de; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; } .note, .factor { fill: #8d96a0; }
    .card { fill: #0d1117; stroke: #30363d; } .axis { stroke: #30363d; }
    .bar { fill: #5c6773; } .limit { fill: #394049; } .best { fill: #2bb3a0; }
  }
"""


def bars(title, subtitle, footer, rows):
    """`rows`: (label, value, the value's text, small text behind it, kind), kind one of bar, limit, best."""
    height = TOP + ROW * len(rows) + BOTTOM
    scale = (WIDTH - LEFT - RIGHT) / max(row[1] for row in rows)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
           f'viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}">',
           f"<style>{STYLE}</style>",
           f'<rect class="card" x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="10"/>',
           f'<text class="title" x="24" y="36">{escape(title)}</text>',
           f'<text class="note" x="24" y="58">{escape(subtitle)}</text>',
           f'<line class="axis" x1="{LEFT - 6}" y1="{TOP - 6}" x2="{LEFT - 6}" y2="{height - BOTTOM - 2}"/>']
    for i, (label, value, text, small, kind) in enumerate(rows):
        y = TOP + ROW * i
        middle = y + BAR / 2 + 5
        width = max(2.0, value * scale)
        strong = ' class="ours"' if kind == "best" else ""
        out.append(f'<text{strong} x="{LEFT - 18}" y="{middle}" text-anchor="end">{escape(label)}</text>')
        out.append(f'<rect class="{kind}" x="{LEFT - 6}" y="{y}" width="{width:.1f}" height="{BAR}" rx="3"/>')
        out.append(f'<text x="{LEFT + 4 + width:.1f}" y="{middle}"><tspan{strong}>{escape(text)}</tspan>'
                   f'<tspan class="factor" dx="8">{escape(small)}</tspan></text>')
    out.append(f'<text class="note" x="24" y="{height - 14}">{escape(footer)}</text></svg>')
    return "\n".join(out) + "\n"
