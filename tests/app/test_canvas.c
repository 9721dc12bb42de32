#include "present/canvas.h"

#include <stdlib.h>
#include <string.h>

#include "runner.h"

static const md_terminal plain = {.columns = 80};
static const md_terminal braille = {.utf8 = 1, .columns = 80};

/* One row of a canvas as text (malloc'ed). */
static char *row_of(const md_canvas *canvas, int row)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    md_canvas_print_row(canvas, row, out);
    fclose(out);
    return text;
}

static void check_row(const md_canvas *canvas, int row, const char *wanted)
{
    char *text = row_of(canvas, row);
    CU_ASSERT_STRING_EQUAL(text, wanted);
    free(text);
}

static void lines_become_braille(void)
{
    md_canvas *canvas;
    CU_ASSERT_EQUAL_FATAL(md_canvas_create(&braille, 3, 2, &canvas, NULL), MD_OK);
    const md_pen pen = {MD_BLUE, 1, 'x'};
    md_canvas_line(canvas, (double[]){0, 0}, (double[]){2.9, 0}, pen);
    md_canvas_line(canvas, (double[]){0, 1}, (double[]){0, 1.9}, pen);
    md_canvas_mark(canvas, (double[]){2, 1}, '*', MD_BOLD);
    check_row(canvas, 0, "⠉⠉⠉");
    check_row(canvas, 1, "⡇ *");
    md_canvas_destroy(&canvas);
    CU_ASSERT_PTR_NULL(canvas);
}

static void lines_become_letters_without_utf8(void)
{
    md_canvas *canvas;
    CU_ASSERT_EQUAL_FATAL(md_canvas_create(&plain, 4, 2, &canvas, NULL), MD_OK);
    md_canvas_line(canvas, (double[]){0, 0}, (double[]){3.9, 1.9}, (md_pen){MD_BLUE, 1, 'v'});
    check_row(canvas, 0, "vv  ");
    check_row(canvas, 1, "  vv");
    md_canvas_destroy(&canvas);
}

static void what_lies_outside_is_cut_off(void)
{
    md_canvas *canvas;
    CU_ASSERT_EQUAL_FATAL(md_canvas_create(&plain, 2, 1, &canvas, NULL), MD_OK);
    md_canvas_line(canvas, (double[]){-5, -5}, (double[]){50, -2}, (md_pen){MD_BLUE, 1, 'v'});
    md_canvas_line(canvas, (double[]){1, -9}, (double[]){1, 9}, (md_pen){MD_BLUE, 1, 'v'});
    md_canvas_mark(canvas, (double[]){2, 0}, '*', MD_BOLD);
    check_row(canvas, 0, " v");
    md_canvas_destroy(&canvas);
}

static void colours_are_switched_back(void)
{
    const md_terminal coloured = {.colour = 1, .columns = 80};
    md_canvas *canvas;
    CU_ASSERT_EQUAL_FATAL(md_canvas_create(&coloured, 2, 1, &canvas, NULL), MD_OK);
    md_canvas_mark(canvas, (double[]){0, 0}, 'a', MD_RED);
    md_canvas_mark(canvas, (double[]){1, 0}, 'b', MD_RED);
    check_row(canvas, 0, "\033[0;31mab\033[0m");
    md_canvas_destroy(&canvas);
}

/* Lines and the widest one of an image drawn for a terminal of so many columns. */
static void measure(size_t rows, size_t columns, int width, size_t *lines, size_t *widest)
{
    const md_terminal terminal = {.columns = width};
    uint8_t *pixels = calloc(rows, columns);
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    pixels[0] = 255;
    md_image_print(&terminal, pixels, rows, columns, out);
    fclose(out);
    *lines = *widest = 0;
    for (const char *line = text; *line; line += strcspn(line, "\n") + 1) {
        size_t length = strcspn(line, "\n");
        *widest = length > *widest ? length : *widest;
        ++*lines;
    }
    free(text);
    free(pixels);
}

static void images_keep_their_shape_and_fit(void)
{
    size_t lines, widest;
    measure(28, 28, 80, &lines, &widest);
    CU_ASSERT_EQUAL(lines, 28);
    CU_ASSERT_EQUAL(widest, 56);
    measure(100, 200, 200, &lines, &widest);
    CU_ASSERT_EQUAL(widest, 80);
    CU_ASSERT_EQUAL(lines, 20);
    measure(1, 784, 40, &lines, &widest);
    CU_ASSERT_EQUAL(widest, 40);
    CU_ASSERT_EQUAL(lines, 1);
}

static void ink_is_dark_and_paper_is_blank(void)
{
    const uint8_t pixels[] = {255, 0, 128, 255};
    char text[64] = "";
    FILE *out = fmemopen(text, sizeof text, "w");
    md_image_print(&plain, pixels, 1, 4, out);
    fclose(out);
    CU_ASSERT_STRING_EQUAL(text, "@@  ++@@\n");
}

static void bars_grow_with_their_share(void)
{
    char text[64] = "";
    FILE *out = fmemopen(text, sizeof text, "w");
    md_terminal_bar(&plain, out, 0.5, 8, 1);
    fputc(' ', out);
    md_terminal_bar(&plain, out, 7, 3, 0);
    fputc(' ', out);
    md_terminal_bar(&braille, out, 0.5, 3, 1);
    fclose(out);
    CU_ASSERT_STRING_EQUAL(text, "####.... ### █▌░");
}

const char md_suite[] = "app.canvas";
CU_TestInfo md_tests[] = {{"lines become braille", lines_become_braille},
                          {"lines become letters without UTF-8", lines_become_letters_without_utf8},
                          {"what lies outside is cut off", what_lies_outside_is_cut_off},
                          {"colours are switched back", colours_are_switched_back},
                          {"images keep their shape and fit", images_keep_their_shape_and_fit},
                          {"ink is dark and paper is blank", ink_is_dark_and_paper_is_blank},
                          {"bars grow with their share", bars_grow_with_their_share},
                          CU_TEST_INFO_NULL};
