/* The report's page from top to bottom. */
#include <ctype.h>
#include <math.h>

#include "chart.h"
#include "history_table.h"
#include "html.h"
#include "layer_table.h"
#include "mnist_dist/rundir/folder.h"
#include "report.h"
#include "run_lines.h"

enum { RANKS_SHOWN = 64, DIGESTS_SHOWN = 1000, DIGESTS_OPEN = 40, RUNS_OPEN = 3 };

static void print_fact(const char *label, const char *value, const char *note, FILE *out)
{
    fprintf(out, "<div><dt>%s</dt><dd>%s", label, value);
    if (*note)
        fprintf(out, "<small>%s</small>", note);
    fprintf(out, "</dd></div>\n");
}

/* The best value of a chart's last series, by its name: "Lowest validation loss". */
static void print_best(const md_checkpoint *c, const md_chart_kind *kind, FILE *out)
{
    char label[64], value[MD_METRIC_TEXT], note[48];
    md_chart chart;
    md_chart_make(c, kind, &chart);
    if (!chart.best)
        return;
    snprintf(label, sizeof label, "%s %s %c%s", kind->best == MD_LOWEST_BEST ? "Lowest" : "Best",
             kind->series[chart.series - 1].name, tolower(kind->title[0]), kind->title + 1);
    md_metric_text(chart.metric, chart.best_value, value);
    snprintf(note, sizeof note, "epoch %lld", (long long)chart.best->epoch);
    print_fact(label, value, note, out);
}

static void print_facts(const md_report *r, FILE *out)
{
    const md_checkpoint *c = r->checkpoint;
    char value[64], note[64];
    md_layout layout;
    md_model_spec_layout(&c->model, &layout);
    fprintf(out, "<dl class=\"facts\">\n");
    if (c->history_count) {
        print_best(c, md_chart_of_metric(&c->model), out);
        print_best(c, &md_chart_loss, out);
        snprintf(value, sizeof value, "%.0f", c->history[c->history_count - 1].images_per_second);
        print_fact("Images/s", value, "last epoch", out);
    }
    snprintf(value, sizeof value, "%lld", (long long)c->at.epoch);
    snprintf(note, sizeof note, "of %lld", (long long)r->config.train.epochs);
    print_fact("Epochs", value, note, out);
    snprintf(value, sizeof value, "%lld", (long long)c->at.step);
    print_fact("Steps", value, "", out);
    snprintf(value, sizeof value, "%zu", layout.parameters);
    print_fact("Parameters", value, "", out);
    if (c->run_count && c->runs[c->run_count - 1].ranks) {
        const md_run_record *run = &c->runs[c->run_count - 1];
        snprintf(value, sizeof value, "%d", run->ranks);
        snprintf(note, sizeof note, "on %d node%s", run->nodes, run->nodes == 1 ? "" : "s");
        print_fact("Ranks", value, note, out);
    }
    fprintf(out, "</dl>\n");
}

static void print_header(const md_report *r, FILE *out)
{
    const md_checkpoint *c = r->checkpoint;
    fprintf(out, MD_REPORT_HEADING);
    md_html_text(out, r->name);
    fprintf(out, "</span></h1>\n<p>");
    if (c->complete)
        fprintf(out, "Complete.");
    else if (c->at.step_in_epoch)
        fprintf(out, "Not complete: saved %lld steps into epoch %lld.",
                (long long)c->at.step_in_epoch, (long long)c->at.epoch + 1);
    else
        fprintf(out, "Not complete: saved after epoch %lld.", (long long)c->at.epoch);
    fprintf(out, "</p>\n");
    print_facts(r, out);
    fprintf(out,
            "<div class=\"quiet\">Weights <code>xxh3:%016llx</code>, whole state "
            "<code>xxh3:%016llx</code></div>\n</header>\n",
            (unsigned long long)c->weights_xxh3, (unsigned long long)c->state_xxh3);
}

static void print_epochs(const md_checkpoint *c, FILE *out)
{
    fprintf(out, "<details><summary>All %zu epochs as a table</summary>\n<div class=\"scroll\">",
            c->history_count);
    md_history_print_html(c, out);
    fprintf(out, "</div></details>\n");
}

static void print_curves(const md_checkpoint *c, FILE *out)
{
    fprintf(out, "<section><h2>Curves</h2>\n");
    if (c->history_count == 0) {
        fprintf(out, "<p>No epoch is finished yet.</p></section>\n");
        return;
    }
    fprintf(out, "<div class=\"pair\">\n");
    md_chart metric, loss;
    md_chart_make(c, md_chart_of_metric(&c->model), &metric);
    md_chart_make(c, &md_chart_loss, &loss);
    md_chart_print_svg(&metric, out);
    md_chart_print_svg(&loss, out);
    fprintf(out, "</div>\n");
    print_epochs(c, out);
    fprintf(out, "</section>\n");
}

static void print_answers(const md_report *r, FILE *out)
{
    fprintf(out, "<section><h2>Test set</h2>\n");
    if (*r->absent) {
        const char *lacks = md_report_lacks(r);
        fprintf(out, "<p>%c%s are left out, for want of data: ", toupper(lacks[0]), lacks + 1);
        md_html_text(out, r->absent);
        fprintf(out, ".</p>\n");
    } else
        md_report_answers(r, out);
    fprintf(out, "</section>\n");
}

static void print_rank(const md_ledger *ledger, const md_ledger_row *row, double longest, FILE *out)
{
    int slow = md_ledger_is_slow(ledger, row);
    fprintf(out, "<tr><th scope=\"row\"%s>%d</th><td class=\"bar\">", slow ? " class=\"bad\"" : "",
            row->rank);
    md_report_bar(row, longest, out);
    fprintf(out, "</td><td%s>%.2f</td><td>%.2f</td><td>%.2f</td></tr>\n",
            slow ? " class=\"bad\"" : "", row->compute_s, row->wait_s, row->io_s);
}

static void print_slow_ranks(const md_ledger *ledger, size_t shown, FILE *out)
{
    char text[MD_LEDGER_TEXT];
    for (size_t i = 0; i < shown && md_ledger_is_slow(ledger, ledger->ranks[i]); i++) {
        md_ledger_describe(ledger, ledger->ranks[i], text);
        fprintf(out, "<br><strong class=\"bad\">Slow rank: %s.</strong>", text);
    }
}

static void print_ranks(const md_ledger *ledger, FILE *out)
{
    if (ledger->count == 0)
        return;
    double longest = 0;
    size_t shown = ledger->count < RANKS_SHOWN ? ledger->count : RANKS_SHOWN;
    for (size_t i = 0; i < shown; i++) {
        const md_ledger_row *row = ledger->ranks[i];
        longest = fmax(longest, row->compute_s + row->wait_s + row->io_s);
    }
    fprintf(out, "<section><h2>Time of the ranks</h2>\n<p>Epoch %lld, in seconds, longest first.",
            (long long)ledger->ranks[0]->epoch);
    if (shown < ledger->count)
        fprintf(out, " The first %zu of %zu ranks.", shown, ledger->count);
    print_slow_ranks(ledger, shown, out);
    fprintf(out,
            "</p>\n<div class=\"scroll\"><table class=\"wide\"><thead><tr><th>rank</th><th></th>"
            "<th><i class=\"key k-train\"></i>compute</th>"
            "<th><i class=\"key k-wait\"></i>wait</th>"
            "<th><i class=\"key k-valid\"></i>save</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < shown; i++)
        print_rank(ledger, ledger->ranks[i], longest, out);
    fprintf(out, "</tbody></table></div></section>\n");
}

static void print_configuration(const md_checkpoint *c, FILE *out)
{
    fprintf(out, "<section><h2>Model and configuration</h2>\n");
    md_layer_table_print_html(&c->model, out);
    if (c->run_count) {
        fprintf(out, "<h3>Configuration</h3>\n<pre>");
        md_html_text(out, c->runs[c->run_count - 1].config);
        fprintf(out, "</pre>\n");
    }
    fprintf(out, "</section>\n");
}

static void print_field(const char *label, const char *text, FILE *out)
{
    fprintf(out, "<dt>%s</dt><dd>", label);
    md_html_text(out, text);
    fprintf(out, "</dd>\n");
}

static void print_run(const md_run_record *run, size_t number, int open, FILE *out)
{
    fprintf(out, "<details%s><summary>", open ? " open" : "");
    if (run->ranks == 0)
        fprintf(out, "Import: ");
    else if (number == 0)
        fprintf(out, "Start: ");
    else
        fprintf(out, "Resume %zu: ", number);
    md_html_text(out, run->started);
    fprintf(out, "</summary>\n<dl class=\"record\">\n");
    if (run->ranks > 0)
        print_field("last save", run->saved, out);
    md_run_lines(run, print_field, out);
    fprintf(out, "</dl></details>\n");
}

static void print_runs(const md_checkpoint *c, FILE *out)
{
    fprintf(out, "<section><h2>Provenance</h2>\n");
    for (size_t i = 0; i < c->run_count; i++)
        print_run(&c->runs[i], i, i + RUNS_OPEN >= c->run_count, out);
    fprintf(out, "</section>\n");
}

static void print_chain(const md_checkpoint *c, FILE *out)
{
    size_t first = c->chain_count > DIGESTS_SHOWN ? c->chain_count - DIGESTS_SHOWN : 0;
    fprintf(out,
            "<section><h2>Digest chain</h2>\n<p>XXH3-64 of all weights along the way; two "
            "runs are the same as far as their digests are.</p>\n<details%s><summary>%zu "
            "digests",
            c->chain_count <= DIGESTS_OPEN ? " open" : "", c->chain_count);
    if (first)
        fprintf(out, ", the newest %d of them", DIGESTS_SHOWN);
    fprintf(out, "</summary>\n<ol class=\"digests\">\n");
    for (size_t i = first; i < c->chain_count; i++)
        fprintf(out, "<li>step %lld&ensp;%016llx</li>\n", (long long)c->chain[i].step,
                (unsigned long long)c->chain[i].weights_xxh3);
    fprintf(out, "</ol></details></section>\n");
}

void md_report_print(const md_report *r, FILE *out)
{
    const md_checkpoint *c = r->checkpoint;
    md_html_begin(out, r->name);
    print_header(r, out);
    print_curves(c, out);
    print_answers(r, out);
    print_ranks(&r->ledger, out);
    print_configuration(c, out);
    print_runs(c, out);
    print_chain(c, out);
    md_html_end(out);
}
