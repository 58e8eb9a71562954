"""The style sheet of the status page: light and dark as the reader's system is, nothing loaded from anywhere."""

from typing import Final

STYLE: Final = """
:root { color-scheme: light dark; --line: #ddd; --soft: #666; --bad: #b00020; --warn: #9a5b00; --good: #1b6e3c; }
@media (prefers-color-scheme: dark) {
  :root { --line: #3a3a3a; --soft: #a0a0a0; --bad: #ff7b8a; --warn: #f0b35a; --good: #6fcf97; }
}
body { font: 15px/1.4 system-ui, sans-serif; margin: 1rem auto; max-width: 76rem; padding: 0 1rem; }
h1 { font-size: 1.3rem; margin: 0; }
header { display: flex; flex-wrap: wrap; gap: .5rem 2rem; align-items: baseline; }
nav a { margin-right: 1rem; }
small, footer, time { color: var(--soft); }
body > table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .2rem .6rem .2rem 0; font-weight: normal; }
thead th { color: var(--soft); font-size: .85rem; }
tr.account > * { border-top: 1px solid var(--line); padding-top: .5rem; font-weight: 600; }
.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.note td { overflow-wrap: anywhere; }
.stale .state, .problem { color: var(--bad); }
.failing .state, .partly .state { color: var(--warn); }
.up .state { color: var(--good); }
details table { margin: .3rem 0 .6rem; font-size: .9rem; }
summary { cursor: pointer; color: var(--soft); }
footer { margin: 1.5rem 0; font-size: .85rem; }
"""
