#include "html.h"

#include "mnist_dist/base/text.h"

/* Names of colours first; no rule below knows a colour. */
static const char colours[] =
    ":root{color-scheme:light dark;--paper:#fff;--ink:#1d2329;--quiet:#5b6670;--line:#dfe3e8;"
    "--panel:#f5f6f8;--train:#0072b2;--valid:#c65102;--bad:#b2182b;--wait:#c3c9d0;"
    "--right:33 102 172;--wrong:190 40 50}\n"
    "@media screen and (prefers-color-scheme:dark){:root{--paper:#15181c;--ink:#e4e7ea;"
    "--quiet:#9aa5b0;--line:#2d333a;--panel:#1d2126;--train:#56b4e9;--valid:#ff9b50;"
    "--bad:#ff7a70;--wait:#4a535d;--right:40 110 185;--wrong:200 60 60}}\n";

static const char text_style[] =
    "*{box-sizing:border-box}\n"
    "body{margin:0;background:var(--paper);color:var(--ink);font:1rem/1.5 system-ui,sans-serif;"
    "font-variant-numeric:tabular-nums;overflow-wrap:anywhere}\n"
    "main{max-width:72rem;margin:0 auto;padding:2rem 1rem 3rem}\n"
    "h1{font-size:1.6rem;line-height:1.25;margin:0}h2{font-size:1.2rem;margin:0 0 .5rem}"
    "h3{font-size:1rem;margin:1.5rem 0 .5rem}\n"
    "p{margin:.25rem 0 1rem;max-width:46rem}\n"
    "code,pre,.digests{font:.82rem/1.6 ui-monospace,monospace}\n"
    "pre{white-space:pre-wrap;background:var(--panel);border-radius:8px;padding:1rem;margin:0}\n"
    "section{margin-top:2.5rem;padding-top:1.5rem;border-top:1px solid var(--line)}\n"
    "summary{cursor:pointer;color:var(--quiet);margin:.5rem 0}\n"
    ".quiet,figcaption,footer{color:var(--quiet);font-size:.9rem}\n"
    ".bad{color:var(--bad)}\n"
    "footer{margin-top:3rem}\n";

static const char block_style[] =
    ".facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(8.6rem,1fr));gap:.75rem;"
    "margin:1.5rem 0 1rem}\n"
    ".facts div{background:var(--panel);border-radius:8px;padding:.7rem .8rem}\n"
    ".facts dt{color:var(--quiet);font-size:.85rem}.facts dd{margin:0;font-size:1.25rem}\n"
    ".facts small{display:block;font-size:.85rem;color:var(--quiet)}\n"
    ".record{display:grid;grid-template-columns:6rem 1fr;gap:.25rem 1rem;margin:0 0 1rem;"
    "font-size:.92rem}\n"
    ".record dt{color:var(--quiet)}.record dd{margin:0;white-space:pre-wrap;min-width:0}\n"
    ".pair{display:grid;gap:2rem;"
    "grid-template-columns:repeat(auto-fit,minmax(min(100%,26rem),1fr))}\n"
    ".pair>*{min-width:0}\n"
    "figure{margin:0}svg{display:block;width:100%}\n"
    "figure text{font:12px system-ui,sans-serif;fill:var(--quiet)}\n"
    ".grid{stroke:var(--line)}.curve{fill:none;stroke-width:2;stroke-linejoin:round}\n"
    ".train{stroke:var(--train)}.valid{stroke:var(--valid)}.dot{stroke-width:6;"
    "stroke-linecap:round}.best{fill:none;stroke:var(--ink);stroke-width:2}\n"
    ".points{fill:none;stroke:var(--train);stroke-opacity:.5;stroke-width:5;"
    "stroke-linecap:round}\n"
    ".legend{display:flex;flex-wrap:wrap;gap:0 1rem}\n"
    ".key{display:inline-block;width:1em;height:.25em;border-radius:2px;margin:0 .4em .2em 0}\n"
    ".k-train{background:var(--train)}.k-valid{background:var(--valid)}"
    ".k-wait{background:var(--wait)}\n"
    ".digits{display:grid;grid-template-columns:repeat(auto-fill,minmax(6.5rem,1fr));gap:1rem}\n"
    ".digits svg{background:var(--panel);border-radius:8px;fill:var(--ink)}\n"
    ".digits figcaption{line-height:1.3;margin-top:.3rem;font-size:.8rem}\n"
    ".digests{columns:17rem;list-style:none;padding:0;margin:0}\n";

static const char table_style[] =
    ".scroll{overflow-x:auto}\n"
    "table{border-collapse:collapse;font-size:.9rem}\n"
    "th{font-weight:600;color:var(--quiet)}td,th{text-align:right;padding:.2rem .6rem;"
    "white-space:nowrap}\n"
    "th:first-child,.words td,.words "
    "th{text-align:left}td:first-child,th:first-child{padding-left:0}\n"
    "tbody tr{border-top:1px solid var(--line)}\n"
    ".wide{width:100%}.bar{width:60%;min-width:6rem}.bar svg{height:14px}\n"
    ".b-compute{fill:var(--train)}.b-wait{fill:var(--wait)}.b-save{fill:var(--valid)}\n"
    ".confusion{font-size:.85rem;width:100%;max-width:36rem}\n"
    ".confusion td,.confusion th{text-align:center;padding:.3rem .1rem}\n"
    ".confusion .right{background:rgb(var(--right)/var(--a))}"
    ".confusion .wrong{background:rgb(var(--wrong)/var(--a))}\n"
    ".confusion .none{color:var(--quiet);opacity:.6}.confusion .deep{color:#fff}\n";

static const char media_style[] =
    "@media(max-width:600px){figure text{font-size:14px}.confusion{font-size:.72rem}"
    "td,th{padding:.2rem .35rem}.record{grid-template-columns:1fr;gap:0}"
    ".record dd{margin-bottom:.5rem}table{font-size:.8rem}.bar{min-width:4rem}}\n"
    "@media print{html{font-size:8.5pt}body{print-color-adjust:exact;"
    "-webkit-print-color-adjust:exact}main{max-width:none;padding:0}"
    ".pair{grid-template-columns:1fr 1fr}figure,tr,pre{break-inside:avoid}"
    "h2,h3{break-after:avoid}}\n";

void md_html_begin(FILE *out, const char *title)
{
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
          "<meta http-equiv=\"Content-Security-Policy\" "
          "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n<title>",
          out);
    md_html_text(out, title);
    fprintf(out, "</title>\n<style>\n%s%s%s%s%s</style>\n</head>\n<body>\n<main>\n", colours,
            text_style, block_style, table_style, media_style);
}

void md_html_end(FILE *out)
{
    fputs("</main>\n</body>\n</html>\n", out);
}

void md_html_text(FILE *out, const char *text)
{
    static const char *const names[] = {
        ['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&quot;", ['\''] = "&#39;"};
    for (const char *at = text, *next = text; *at; at = next) {
        int32_t point = md_text_next_code_point(&next);
        if (point < 0)
            next++;
        if ((point < ' ' && point != '\n' && point != '\t') || point == 0x7f)
            fputs("\xef\xbf\xbd", out);
        else if ((size_t)point < sizeof names / sizeof *names && names[point])
            fputs(names[point], out);
        else
            fwrite(at, 1, (size_t)(next - at), out);
    }
}
