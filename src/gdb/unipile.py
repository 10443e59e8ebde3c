"""Pretty printers for gdb. In gdb: source src/gdb/unipile.py"""

import gdb
import gdb.printing

LONGEST_JSON = 200


def text_of(view, longest=None):
    """The text of a std::string_view, of libstdc++ or libc++; bytes that are not UTF-8 become U+FFFD."""
    names = [field.name for field in view.type.fields()]
    data, size = ("_M_str", "_M_len") if "_M_str" in names else (names[0], names[1])
    length = int(view[size])
    shown = length if longest is None else min(length, longest)
    if shown == 0:
        return ""
    memory = gdb.selected_inferior().read_memory(int(view[data]), shown)
    return memory.tobytes().decode("utf-8", "replace") + ("…" if shown < length else "")


class PostPrinter:
    """unipile::post: provider, id and the beginning of its JSON."""

    def __init__(self, value):
        self.block = value["block_"]

    def to_string(self):
        if int(self.block) == 0:
            return "post (moved from)"
        block = self.block.dereference()
        return "post {} {}".format(text_of(block["provider_name"]), text_of(block["id"]))

    def children(self):
        if int(self.block) == 0:
            return
        block = self.block.dereference()
        yield "json", text_of(block["json"], LONGEST_JSON)
        yield "references", int(block["references"]["_M_i"])
        yield "anomalies", block["anomalies"]
        yield "linkedin", block["linkedin"]
        yield "instagram", block["instagram"]


def printers():
    found = gdb.printing.RegexpCollectionPrettyPrinter("unipile")
    found.add_printer("post", "^unipile::post$", PostPrinter)
    return found


gdb.printing.register_pretty_printer(gdb.current_objfile(), printers(), replace=True)
