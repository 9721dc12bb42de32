"""The order of streamed samples (data/chunk_order.h) worked out once more, from the papers: Philox 4x32-10 and
Fisher-Yates."""
MASK = 0xffffffff
SHUFFLE, CHUNKS = 2, 6  # streams of numbers


def philox(key, counter):
    a, b, c, d = counter
    k, m = key
    for _ in range(10):
        p, q = 0xD2511F53 * a, 0xCD9E8D57 * c
        a, b, c, d = (q >> 32) ^ b ^ k, q & MASK, (p >> 32) ^ d ^ m, p & MASK
        k, m = (k + 0x9E3779B9) & MASK, (m + 0xBB67AE85) & MASK
    return a, b, c, d


def draw(seed, stream, epoch, number):
    block = philox((seed & MASK, seed >> 32), (number // 2 & MASK, number // 2 >> 32, epoch, stream))
    return block[2 * (number % 2)] << 32 | block[2 * (number % 2) + 1]


def shuffled(seed, stream, epoch, first, count):
    order = list(range(count))
    for i in range(count - 1):
        k = i + (draw(seed, stream, epoch, first + i) * (count - i) >> 64)
        order[i], order[k] = order[k], order[i]
    return order


def order(samples, chunk, window, seed, epoch):
    """Sample numbers in an epoch's order: `chunk` samples a chunk, `window` chunks a window."""
    chunks = shuffled(seed, CHUNKS, epoch, 0, -(-samples // chunk))
    out = []
    for w in range(0, len(chunks), window):
        ids = [i for c in chunks[w:w + window] for i in range(c * chunk, min(samples, (c + 1) * chunk))]
        places = shuffled(seed, SHUFFLE, epoch, len(out), len(ids))
        at = [0] * len(ids)
        for i, place in zip(ids, places):
            at[place] = i
        out += at
    return out
