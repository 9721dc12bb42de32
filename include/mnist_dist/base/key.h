/* A value that has a name, a type, a default and a range, as the configuration's keys and those of
 * layers have: from text, to text, and what it may be. A row describes a member of some struct by
 * its offset, so the same functions serve every struct. Local. */
#ifndef MNIST_DIST_BASE_KEY_H
#define MNIST_DIST_BASE_KEY_H

#include <stddef.h>
#include <stdio.h>

#include "mnist_dist/base/error.h"

/* Of a path, of one word, and of the text of any value or the longest list of choices. */
enum { MD_PATH_SIZE = 1024, MD_WORD_SIZE = 32, MD_VALUE_SIZE = MD_PATH_SIZE + 2 };

typedef enum md_key_type {
    MD_KEY_INTEGER, /* int64_t, or int where `size` says so */
    MD_KEY_SEED,    /* uint64_t */
    MD_KEY_REAL,    /* double */
    MD_KEY_SWITCH,  /* int, true or false */
    MD_KEY_CHOICE,  /* int (or an enum): which of `choices` */
    MD_KEY_WORD,    /* char[], one of `choices` */
    MD_KEY_TEXT,    /* char[], any printable text */
    MD_KEY_LAYERS   /* md_model_spec; read and written by the configuration */
} md_key_type;

/* Ends of a range that are not part of it. */
enum { MD_OPEN_LOW = 1, MD_OPEN_HIGH = 2 };

/* A word that was a choice once, and the choice that it means now. */
typedef struct md_former {
    const char *word;
    int choice;
} md_former;

typedef struct md_key {
    const char *name; /* "section.key" in the configuration, "key" in a layer */
    md_key_type type;
    size_t offset, size;
    const char *standard; /* the default; NULL: there is none */
    double low, high;     /* numbers; high may be INFINITY */
    int open;
    const md_former *former; /* of a MD_KEY_CHOICE: taken, too; NULL or ending with a NULL word */
    const char *const *choices; /* words; "split:N" stands for split: and a number from 1 */
    int may_be_empty;           /* text */
    int is_list;                /* text: "a, b", in YAML a list of texts, too */
    int may_differ;             /* a resumed run may have another value */
    const char *help;
} md_key;

/* Where a row's member lies. */
#define MD_AT(type, member) .offset = offsetof(type, member), .size = sizeof(((type *)0)->member)

/* Sets the member of *base from text: MD_USAGE naming the key, the text and what is expected. Not
 * for layers. */
md_status md_key_set(const md_key *key, void *base, const char *text, md_error *err);

/* The member's value as text that md_key_set reads back to the same value. Not for layers. */
void md_key_format(const md_key *key, const void *base, char out[MD_VALUE_SIZE]);

/* The member's value once more as md_key_set sees it, for structs that were filled by hand: MD_OK,
 * or its error. Layers pass. */
md_status md_key_check(const md_key *key, const void *base, md_error *err);

/* The same as a YAML scalar, quoted when a YAML reader would take it for something else. */
void md_key_write(const md_key *key, const void *base, FILE *out);

/* "a whole number", "auto, dense or sparse", ... */
void md_key_expected(const md_key *key, char out[MD_VALUE_SIZE]);

/* "at least 1", "in [0, 1)", or the choices; empty when anything goes. */
void md_key_range(const md_key *key, char out[MD_VALUE_SIZE]);

/* Words as a list for people, "a, b or c"; what does not fit is dropped. */
void md_key_list(const char *const *words, char out[MD_VALUE_SIZE]);

/* The text, or '' for an empty one. */
const char *md_visible(const char *text);

#endif
