#include "picture_kind.h"
#include "present/answers.h"

static md_status draw(const md_picture_subject *subject, const char *path, md_error *err)
{
    const md_predictions *p = subject->predictions;
    md_answers answers;
    md_status status = md_answers_count(p, &answers, err);
    if (status)
        return status;
    char title[128];
    snprintf(title, sizeof title, "%zu test %s, accuracy %.4f", p->count,
             p->rows > 1 ? "images" : "rows", (double)answers.right / (double)p->count);
    if (path)
        status = md_confusion_draw(&answers.confusion, p->scale, title, path, err);
    else {
        printf("%s\n", title);
        md_confusion_print(&answers.confusion, p->scale, stdout);
    }
    md_answers_clear(&answers);
    return status;
}

const md_picture_kind md_picture_confusion = {.help = "of classes",
                                              .needs_data = 1,
                                              .has_text = 1,
                                              .answers = MD_PICTURE_CLASSES,
                                              .draw = draw};
