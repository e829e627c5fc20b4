"""Makes dumps of kernels that never were, with as little on the disk as possible.

    generated_dumps.py PATH BYTES    a computer with so much memory, of which only the kernel's tables are in the file

Offsets are written here once more, so that a wrong one in the program is found.
"""

import pathlib
import struct
import sys

PAGE = 4096
# __START_KERNEL_map, and where the image is in the memory.
IMAGE = 0xFFFFFFFF80000000
PLACE = 0x200000
# SYMBOL(vmemmap).
MEMORY_MAP = 0xFFFFEA0000000000
BUDDY = 0xF0000000

KEYS = {
    "OSRELEASE": "6.12.0-generated", "BUILD-ID": "cd" * 20, "PAGESIZE": 4096, "CRASHTIME": 1795814282,
    "NUMBER(phys_base)": PLACE, "NUMBER(pgtable_l5_enabled)": 0, "NUMBER(KERNEL_IMAGE_SIZE)": 1 << 30,
    "NUMBER(sme_mask)": 0, "KERNELOFFSET": 0,
    "SIZE(page)": 64, "OFFSET(page.flags)": 0, "OFFSET(page._refcount)": 52, "OFFSET(page.mapping)": 24,
    "OFFSET(page.lru)": 8, "OFFSET(page._mapcount)": 48, "OFFSET(page.private)": 40,
    "OFFSET(page.compound_head)": 8,
    "LENGTH(mem_section)": 2048, "SIZE(mem_section)": 16, "OFFSET(mem_section.section_mem_map)": 0,
    "NUMBER(SECTION_SIZE_BITS)": 27, "NUMBER(MAX_PHYSMEM_BITS)": 46,
    "LENGTH(node_data)": 1, "OFFSET(pglist_data.node_zones)": 0, "OFFSET(pglist_data.nr_zones)": 2048,
    "SIZE(pglist_data)": 4096, "SIZE(zone)": 1024, "OFFSET(zone.vm_stat)": 256, "LENGTH(zone.free_area)": 11,
    "NUMBER(NR_FREE_PAGES)": 0,
    "NUMBER(PG_lru)": 5, "NUMBER(PG_private)": 14, "NUMBER(PG_swapcache)": 10, "NUMBER(PG_swapbacked)": 17,
    "NUMBER(PG_hwpoison)": 21, "NUMBER(PG_head_mask)": 64,
    "NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)": BUDDY, "NUMBER(PAGE_OFFLINE_MAPCOUNT_VALUE)": 0xF1000000,
    "NUMBER(PAGE_SLAB_MAPCOUNT_VALUE)": 0xF5000000, "NUMBER(PAGE_HUGETLB_MAPCOUNT_VALUE)": 0xF4000000,
    "NUMBER(PAGE_UNACCEPTED_MAPCOUNT_VALUE)": 0xF7000000,
}


def information(symbols, **others):
    """The text of VMCOREINFO."""
    lines = [f"{key}={value}" for key, value in {**KEYS, **others}.items()]
    return "".join(f"{line}\n" for line in lines + [f"SYMBOL({name})={at:x}" for name, at in symbols.items()]).encode()


def note(name, kind, content):
    def padded(content):
        return content + bytes(-len(content) % 4)

    name = name.encode() + b"\0"
    return struct.pack("<III", len(name), len(content), kind) + padded(name) + padded(content)


# Of the struct pages of 64 GiB, which lie in one page of 1 GiB: the large computer has the same ones again and again.
REPEATED = 1 << 36
# Every so many pages one block of the largest order is free, but none of the first 2 GiB.
FREE_BLOCK, FREE_EVERY, FIRST_FREE = 1024, 16 * 1024, 0x80000


def large(path, size):
    """The dump of a computer with `size` bytes of memory. Its file is sparse.

    The tables and all struct pages are below 2 GiB, the rest is memory that is not in the file.

    Returns how many pages are free.
    """
    assert size % (1 << 30) == 0 and size >= 1 << 31, size
    # The last one has 4 pages.
    root, upper, block, nodes, node, sections = (PLACE + PAGE * index for index in range(1, 7))
    pages = size // PAGE
    free = sum(
        1 for start in range(0, pages, FREE_EVERY) if start % (REPEATED // PAGE) >= FIRST_FREE) * FREE_BLOCK

    def virtual(physical):
        return physical - PLACE + IMAGE

    text = information({
        "init_top_pgt": virtual(root), "mem_section": virtual(sections), "node_data": virtual(nodes),
        "vmemmap": MEMORY_MAP, "init_uts_ns": IMAGE, "_stext": IMAGE})
    notes = note("CORE", 1, bytes(336)) + note("VMCOREINFO", 0, text)
    start = 4 * PAGE
    assert len(notes) < 3 * PAGE
    with open(path, "wb") as file:
        def put(physical, content):
            file.seek(start + physical)
            file.write(content)

        def header(kind, offset, physical, stored, memory):
            return struct.pack("<IIQQQQQQ", kind, 7, offset, 0, physical, stored, memory, PAGE)

        file.write(b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack(
            "<HHIQQQIHHHHHH", 4, 62, 1, 0, 64, 0, 0, 64, 56, 3, 0, 0, 0))
        file.write(header(4, PAGE, 0, len(notes), len(notes)))
        file.write(header(1, start, 0, 1 << 31, 1 << 31))
        # No byte of it is in the file.
        file.write(header(1, start, 1 << 31, 0, size - (1 << 31)) if size > 1 << 31 else bytes(56))
        file.seek(PAGE)
        file.write(notes)
        # The memory map by pages of 1 GiB, all of them the second GiB of the memory.
        put(root + 8 * (MEMORY_MAP >> 39 & 511), struct.pack("<Q", upper | 3))
        count = (pages * 64 + (1 << 30) - 1) >> 30
        put(upper, struct.pack("<Q", 1 << 30 | 0x83) * count)
        # Sections of 128 MiB, 256 in a block: all blocks are the same one.
        blocks = (size + (1 << 35) - 1) >> 35
        put(sections, struct.pack("<Q", virtual(block)) * blocks)
        put(block, struct.pack("<QQ", MEMORY_MAP | 15, 0) * 256)
        put(nodes, struct.pack("<Q", virtual(node)))
        put(node + 2048, struct.pack("<I", 1))
        put(node + 256, struct.pack("<Q", free))
        for page in range(FIRST_FREE, REPEATED // PAGE, FREE_EVERY):
            # private and _mapcount.
            put((1 << 30) + 64 * page + 40, struct.pack("<QI", 10, BUDDY))
        file.truncate(start + (1 << 31))
    return free


def flattened(content, size=50_000):
    """What makedumpfile -F would write of a file, the last record first."""
    records = [
        struct.pack(">qq", start, len(content[start:start + size])) + content[start:start + size]
        for start in range(0, len(content), size)
    ]
    head = b"makedumpfile\0\0\0\0" + struct.pack(">qq", 1, 1)
    return head.ljust(PAGE, b"\0") + b"".join(reversed(records)) + struct.pack(">qq", -1, -1)


class Log:
    """The tables of printk's ring, with records of which the last ones stay."""

    def __init__(self, place, count_bits=8, size_bits=17):
        self.place, self.count_bits, self.size_bits = place, count_bits, size_bits
        self.texts = []

    RING = {
        "SIZE(printk_ringbuffer)": 128, "OFFSET(printk_ringbuffer.desc_ring)": 0,
        "OFFSET(printk_ringbuffer.text_data_ring)": 56, "OFFSET(prb_desc_ring.count_bits)": 0,
        "OFFSET(prb_desc_ring.descs)": 8, "OFFSET(prb_desc_ring.infos)": 16, "OFFSET(prb_desc_ring.head_id)": 24,
        "OFFSET(prb_desc_ring.tail_id)": 32, "OFFSET(prb_data_ring.size_bits)": 0,
        "OFFSET(prb_data_ring.data)": 8, "SIZE(prb_desc)": 24, "OFFSET(prb_desc.state_var)": 0,
        "OFFSET(prb_desc.text_blk_lpos)": 8, "OFFSET(prb_data_blk_lpos.begin)": 0,
        "OFFSET(prb_data_blk_lpos.next)": 8, "SIZE(printk_info)": 88, "OFFSET(printk_info.seq)": 0,
        "OFFSET(printk_info.ts_nsec)": 8, "OFFSET(printk_info.text_len)": 16, "OFFSET(printk_info.caller_id)": 20,
    }

    def tables(self, virtual):
        """The bytes of all tables, one behind the other, from the physical address `place` on."""
        count, size = 1 << self.count_bits, 1 << self.size_bits
        assert len(self.texts) <= count
        # No page of zeros: kdumpling leaves those out, as if they were of no class.
        descriptors, infos = bytearray(b"\xff" * 24 * count), bytearray(b"\xff" * 88 * count)
        data = bytearray()
        for number, text in enumerate(self.texts):
            start = len(data)
            data += struct.pack("<Q", number) + text + bytes(-len(text) % 8)
            struct.pack_into("<QQQ", descriptors, 24 * number, 2 << 62 | number, start, len(data))
            struct.pack_into("<QQHBBI64x", infos, 88 * number, number, self.time(number), len(text), 0, 6 << 5 | 2, 1)
        assert len(data) <= size, f"{len(data)} bytes of text"
        ring = bytearray(PAGE)
        struct.pack_into("<Q", ring, 0, virtual(self.place + 64))
        base = self.place + PAGE
        struct.pack_into(
            "<IIQQQQ", ring, 64, self.count_bits, 0, virtual(base), virtual(base + len(descriptors)),
            len(self.texts) - 1, 0)
        struct.pack_into("<IIQ", ring, 64 + 56, self.size_bits, 0, virtual(base + len(descriptors) + len(infos)))
        return bytes(ring + descriptors + infos) + bytes(data).ljust(size, b"\xff")

    @staticmethod
    def time(number):
        return number * 1_500_000_000

    def printed(self):
        """What dmesg would have shown."""
        lines = b""
        for number, text in enumerate(self.texts):
            time = self.time(number) // 1000
            for line in text.split(b"\n"):
                lines += b"[%5d.%06d] %s\n" % (time // 1_000_000, time % 1_000_000, line)
        return lines


if __name__ == "__main__":
    print(large(pathlib.Path(sys.argv[1]), int(sys.argv[2])))
