//! The style of the page: for light and dark screens from 360 pixels, and for paper.

/// The style sheet. The colours (blue, vermilion, orange, green) can be distinguished with any kind
/// of colour vision. They have a contrast of at least 3:1 to the background; text has at least
/// 4.5:1.
pub(super) const SHEET: &str = r"
:root {
  --paper: #ffffff; --ink: #1b2230; --soft: #4c5668; --rule: #d4dae4; --track: #eef1f6;
  --head: #0b3a6b; --blue: #1a6bb0; --deep: #0b4a86; --red: #b3400c; --orange: #b86e00;
  --green: #00775a; --grey: #6a7588; --alert: #fdf1ea;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --paper: #11161f; --ink: #e7ecf4; --soft: #aab5c6; --rule: #323c4d; --track: #1c2431;
    --head: #a9d0f5; --blue: #5aa9e6; --deep: #7fc0f5; --red: #f0864f; --orange: #e6a532;
    --green: #3cc49b; --grey: #8f9bb0; --alert: #2c1d15;
  }
}
*, *::before, *::after { box-sizing: border-box; }
html { color-scheme: light dark; background: var(--paper); -webkit-text-size-adjust: 100%; }
body {
  margin: 0 auto; padding: 2.5rem 1.5rem 3rem; max-width: 70rem; color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', Arial, sans-serif;
}
h1, h2 { font-family: Georgia, 'Noto Serif', 'Times New Roman', serif; font-weight: 600;
  color: var(--head); line-height: 1.2; text-wrap: balance; overflow-wrap: break-word; }
h1 { margin: .2rem 0 .4rem; font-size: clamp(1.7rem, 1.2rem + 2vw, 2.6rem); }
h2 { margin: 0 0 1rem; font-size: 1.45rem; }
header { border-bottom: 3px solid var(--head); padding-bottom: 1.1rem; }
header p { margin: 0; }
.kind { color: var(--soft); font-size: .85rem; font-weight: 600; letter-spacing: .09em;
  text-transform: uppercase; }
.day, .aside, .note, .none, .shares, footer { color: var(--soft); }
.summary { margin: 1.6rem 0; max-width: 54rem; font-size: 1.2rem; line-height: 1.5; }
section { margin-top: 2.8rem; }
p { max-width: 48rem; }
figure { margin: 0 0 1.6rem; }
figcaption, caption { color: var(--soft); font-size: .92rem; text-align: left; }
figcaption { max-width: 48rem; margin-bottom: .8rem; }
caption { padding-bottom: .5rem; }
footer { margin-top: 3rem; border-top: 1px solid var(--rule); padding-top: .8rem;
  font-size: .85rem; }

.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr));
  gap: .75rem; margin: 0; }
.figures div { display: flex; flex-direction: column; border: 1px solid var(--rule);
  border-radius: 6px; padding: .7rem .9rem; }
.figures dt { display: flex; align-items: center; gap: .45rem; color: var(--soft);
  font-size: .9rem; }
.figures dd { margin: auto 0 0; font-size: 1.9rem; font-weight: 600; line-height: 1.25;
  font-variant-numeric: tabular-nums; }

.figures dd.sum { font-size: 1.2rem; white-space: nowrap; }

table { width: 100%; border-collapse: collapse; font-size: .92rem; }
table + table, .note + table, table + .note { margin-top: 1.6rem; }
table + .note { margin-top: .6rem; font-size: .92rem; }
th, td { padding: .5rem 1rem .5rem 0; text-align: left; vertical-align: top;
  border-bottom: 1px solid var(--rule); }
th:last-child, td:last-child { padding-right: 0; }
thead th { color: var(--soft); font-size: .82rem; font-weight: 600; vertical-align: bottom;
  border-bottom: 2px solid var(--rule); }
tbody th, tfoot th { font-weight: 600; overflow-wrap: anywhere; }
th .aside { display: block; font-size: .85rem; font-weight: 400; }
tfoot th, tfoot td { border-bottom: 0; border-top: 1px solid var(--soft); font-weight: 600; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
.brief { white-space: nowrap; }
.text, .long { overflow-wrap: anywhere; }
.text { min-width: 8rem; }
.long { width: 50%; }
.drawn { width: 45%; min-width: 8rem; }
.key { min-width: 8.5rem; }
.amounts .key { min-width: 5.2rem; }
.currency { color: var(--soft); font-size: .85em; }
.amounts { overflow-x: auto; }
.amounts .currency { display: block; }
.digits { white-space: nowrap; font-variant-numeric: tabular-nums; }
.zero .digits { color: var(--soft); }
a { color: var(--head); }
.over { color: var(--red); }
.facts, .subjects { margin: .15rem 0 0; padding: 0; list-style: none; color: var(--soft);
  font-size: .86rem; line-height: 1.4; }
.facts li { padding-left: .9rem; text-indent: -.9rem; }
.facts li::before { content: '– '; }

.legend { display: flex; flex-wrap: wrap; gap: .35rem 1.4rem; margin: 0 0 1rem; padding: 0;
  list-style: none; font-size: .88rem; color: var(--soft); }
.legend li { display: flex; align-items: center; gap: .4rem; }
.legend b { color: var(--ink); font-weight: 600; }
.donors { margin: 0; padding: 0; list-style: none; display: grid; gap: 1rem; }
.donors p { max-width: none; margin: 0; }
.donors .label { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 1rem; }
.donors .shares { font-size: .88rem; }
.alert { margin: 0 0 1.2rem; padding: .8rem 1rem; border: 1px solid var(--red);
  border-left-width: 6px; border-radius: 4px; background: var(--alert); }
.alert p { margin: 0; }
.alert strong { color: var(--red); }
.alert ul { margin: .4rem 0 0; padding-left: 1.2rem; }

svg { display: block; overflow: visible; }
.patterns { position: absolute; }
.swatch { flex: none; }
.track { fill: var(--track); }
.paper { fill: var(--paper); }
.blue { fill: var(--blue); }
.red { fill: var(--red); }
.orange { fill: var(--orange); }
.delivered { fill: var(--green); stroke: var(--green); }
.unfunded { fill: url(#hatch); stroke: var(--orange); }
.declined { fill: url(#cross); stroke: var(--red); }
.other { fill: var(--grey); stroke: var(--grey); }
.paid { fill: var(--deep); stroke: var(--deep); }
.contracted { fill: url(#stripes); stroke: var(--blue); }
.allocated { fill: url(#dots); stroke: var(--blue); }
.expired { fill: url(#cross); stroke: var(--red); }
.left { fill: var(--paper); stroke: var(--grey); }
.beyond { fill: var(--red); stroke: var(--red); }
.limit { stroke: var(--ink); stroke-width: 2; }
.floor { stroke: var(--grey); }
.columns { margin-top: .4rem; }
.columns text { fill: var(--ink); font-size: 12px; text-anchor: middle;
  font-variant-numeric: tabular-nums; }
.columns .size { font-weight: 600; }
.columns .zero, .columns .name text { fill: var(--soft); font-weight: 400; }
g.narrow { display: none; }

@media screen and (max-width: 44rem) {
  body { padding: 1.4rem 1rem 2rem; }
  .summary { font-size: 1.08rem; }
  section { margin-top: 2.2rem; }
  .figures { grid-template-columns: repeat(auto-fit, minmax(6.5rem, 1fr)); gap: .5rem; }
  .figures div { padding: .5rem .65rem; }
  .figures .swatch { display: none; }
  .figures dd { font-size: 1.5rem; }
  .columns .wide { display: none; }
  g.narrow { display: inline; }
  table, caption, tbody, tfoot, tr, th, td { display: block; width: 100%; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  tr { padding: .6rem 0; border-bottom: 1px solid var(--rule); }
  tfoot tr { border-top: 1px solid var(--soft); }
  tbody th, tfoot th, tfoot td, td { padding: .1rem 0; border: 0; text-align: left; }
  td { display: grid; grid-template-columns: 7.5rem 1fr; gap: .6rem; }
  td::before { content: attr(data-label); color: var(--soft); font-weight: 400; }
  td.number { display: inline-flex; gap: .4rem; width: auto; margin-right: 1.4rem; }
  .amounts td.number { display: flex; justify-content: space-between; margin: 0; }
  .amounts .currency { display: inline; }
  .amounts .key, .key, .text { min-width: 0; }
  td.long { display: block; width: 100%; }
  td.long::before { display: block; }
  .brief { white-space: normal; }
  td.drawn { display: block; width: 100%; padding: .3rem 0; }
  td.drawn::before { content: none; }
}

@media screen and (min-width: 60rem) {
  .amounts:not(.many) .amount { white-space: nowrap; }
  .amounts:not(.many) .currency { display: inline; }
}
@page { size: A4; margin: 16mm 14mm; }
@media print {
  html { font-size: 9.5pt; color-scheme: light; }
  body { max-width: none; margin: 0; padding: 0; }
  * { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  section { margin-top: 1.8rem; }
  h1, h2, caption, figcaption, .legend, thead { break-after: avoid; }
  h1, h2, tr, .figures div, .donors li, .alert, .columns { break-inside: avoid; }
  thead { display: table-header-group; }
  tfoot { display: table-row-group; }
  .amounts { overflow: visible; }
  .many table { font-size: .84rem; }
  p, li { orphans: 3; widows: 3; }
  th, td { padding-right: .7rem; }
  .figures { gap: .5rem; }
}
";
