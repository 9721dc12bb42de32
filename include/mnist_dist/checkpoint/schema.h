/* The layout of a checkpoint, schema version 1 or 2, and every name in it.
 *
 * A checkpoint is an HDF5 file (format of library 1.8) that Keras 2 and 3 load as a model; all that
 * Keras does not know lies outside the paths it reads. "@" is an attribute. Types are little-endian
 * and written as in NumPy: u1 i4 i8 u8 f4 f8; text is a fixed-length NULLPAD string of exactly its
 * bytes (a zero byte when it has none), ASCII or else UTF-8, in lists of the longest one's. [n] is
 * a rank-1 array, without brackets a scalar. Arrays are contiguous and have no filters, which every
 * viewer of HDF5 reads; the digests and the seal see damage.
 *
 *   /                 @schema "mnist_dist"  @schema_version i4  @created_by  @description
 *                     @keras_version "2.15.0"  @backend "tensorflow"    the dialect, not the writer
 *                     @model             the model in words of our own (model/model_spec.h); files
 *                                        without it are from before, and read from
 *                     @model_config      Keras' JSON of the model       (keras/keras.h)
 *                     @input_shape i4 [2]  rows and columns of an image
 *                     @weights_xxh3      16 hex digits: XXH3-64 of all parameters, f4, layer order,
 *                                        each kernel [in,out] row-major, then its bias
 *                     @state_xxh3        16 hex digits: see below
 *   /model_weights    @layer_names [layers]  @keras_version  @backend
 *     LAYER           @weight_names [0 or 2] "LAYER/kernel:0", "LAYER/bias:0"
 *       LAYER/kernel:0   f4 [in,out]  @axes "in,out"
 *       LAYER/bias:0     f4 [out]
 *   /optimizer        @name  and of @learning_rate @beta_1 @beta_2 @epsilon @weight_decay
 *                     @momentum, all f8, those which the named optimizer has
 *     iterations      i8   @step, and what the optimizer had done before an import
 *     m, v            as many as there are moments: 2, 1 or 0
 *       LAYER/kernel  f4 [in,out]
 *       LAYER/bias    f4 [out]
 *   /progress         @seed u8  @epoch @step @step_in_epoch i8  @best_val_accuracy f8
 *                     @best_epoch i8  @complete i4
 *                     of the open epoch: @loss_q32 i8 in units of 2^-32, the same as
 *                     @loss_sum f8, rounded; @correct @samples i8
 *   /history          a row per finished epoch; columns [epochs]: epoch step i8  loss accuracy
 *                     val_loss val_accuracy learning_rate seconds images_per_second f8
 *                     weights_xxh3 u8
 *                     Of a model that answers with numbers, instead of what is about accuracy:
 *                     /progress @best_val_mae f8, of the open epoch the pieces of base/fixed.h,
 *                     @loss_q64 @loss_q32 @loss_q0 @loss_up32 and @error_q64 ... @error_up32 i8;
 *                     /history mae val_mae val_r2 f8
 *   /chain            a row per digest taken: step i8  weights_xxh3 u8
 *   /ledger           a row per epoch and rank: epoch i8  rank ranks i4  compute_s wait_s io_s f8
 *                     Every column of the three has @description and @units; any may be
 *                     joined by others (checkpoint/fields.h).
 *   /golden           optional: images u1 or f4 [n,rows,columns]  logits f4 [n,classes]  and, where
 *                     there are classes, labels u1 [n], i4 of more than 256; each with @description
 *   /data             what the model sees of its data; not there where that is v / 255 of bytes and
 *                     no names are known: @scale "unit", "none" or "standardize"
 *                     of all features trained on @least @most f4, but of "unit" only up to 1
 *                     of a table text @feature_names and, of words, @class_names, a line each
 *     mean, variance  f4 [features]  of "standardize": it sees (v - mean) / sqrt(variance)
 *   /run/0001 ...     one per start or resume: text @config @command_line @hosts @reducer @kernels
 *                     @storage @version @version_mpi @version_hdf5 @version_blas @data_sha256
 *                     @started @saved; @ranks @nodes @exponent i4, of streamed data @chunk (its
 *                     samples) @window (its chunks) i8. One for an import, too, which has no ranks
 *
 * @state_xxh3 is XXH3-64 (seed 0) of one byte string, made by visiting the root group: an object,
 * then its attributes in byte order of their names, then its members likewise, depth first. Each of
 * them, except @state_xxh3 itself, gives
 *     path, one zero byte     "/", "/run/0001", "/run/0001@ranks"; "/@schema" for the root's own
 *     type, one zero byte     "group", or u1 i4 i8 u8 f4 f8, or s with the string's size: "s11"
 *     rank, then each extent  u8 (a group and a scalar: rank 0)
 *     the elements' bytes     numbers little-endian, strings with their padding
 *
 * After the last byte of HDF5 come 32 more, which libhdf5 ignores: "mnist_dist seal " and 16 hex
 * digits, XXH3-64 of all bytes before. A reader checks them first; a file without them (rewritten
 * by h5repack, say: in chunks, compressed, in another byte order) stands on @state_xxh3 alone.
 *
 * A reader refuses every other type and what the rules of hdf5/h5.h refuse. Objects and attributes
 * not named here are covered by @state_xxh3 and otherwise ignored: so what is only added leaves the
 * version as it is. Older programs read the new file without it; newer ones read an old file that
 * lacks it, and give it the value that checkpoint/fields.c says. The version rises when an older
 * program would take a file for what it is not. Since the first release: @loss_q32 and @model were
 * added; /data too, with which the version becomes 2 unless @scale is "unit", and later @least and
 * @most in it; matrices and moments are no longer one chunk with Fletcher-32; text has lost a
 * NULLTERM string's zero byte. */
#ifndef MNIST_DIST_CHECKPOINT_SCHEMA_H
#define MNIST_DIST_CHECKPOINT_SCHEMA_H

#define MD_SCHEMA_NAME "mnist_dist"
/* Of a file that a program from before /data would take for what it is not; others are 1. */
enum { MD_SCHEMA_VERSION = 2 };

#define MD_PATH_OPTIMIZER "/optimizer"
#define MD_PATH_ITERATIONS "/optimizer/iterations"
#define MD_PATH_PROGRESS "/progress"
#define MD_PATH_HISTORY "/history"
#define MD_PATH_CHAIN "/chain"
#define MD_PATH_LEDGER "/ledger"
#define MD_PATH_GOLDEN "/golden"
#define MD_PATH_DATA "/data"
#define MD_PATH_RUN "/run"

#endif
