#include "program/options/wording.hpp"

#include <array>

namespace unipile::program {
namespace {

struct wording {
    std::string_view library;
    std::string_view program;
};

/// What a complaint about a query or a configuration begins with.
constexpr std::array subjects{
    wording{"account_id ", "account "},
    wording{"api_key: ", "the API key: "},
    wording{"base_url: ", "--base-url or UNIPILE_DSN: "},
    wording{"ca_file: ", "--ca-file: "},
    wording{"crl_file: ", "--crl-file: "},
};

/// Whole pieces of advice, so that no file's or host's name is taken for one.
constexpr std::array advice{
    wording{"; use https, or set allow_plain_http", "; use https"},
    wording{"or set ca_file", "or give --ca-file"},
    wording{"; add it to crl_file", "; add it to --crl-file"},
    wording{"; put a new one into crl_file", "; put a new one into --crl-file"},
    wording{"; turn strict off to get it all the same", "; leave out --strict to get it all the same"},
    wording{"own ids, and is_company", "own ids, and whether company (--company, or in the jobs file) is right"},
    wording{"a function of harvest_options failed", "a function of harvest's options failed"},
    wording{"; start without the position, or raise trust_cursor_for", "; start without --resume"},
    wording{"; check it, and is_company", "; check it, and whether company (--company, or in the jobs file) is right"},
    wording{"; raise max_connections or deadlines.connection_wait", "; raise --connections"},
    wording{"; try again or raise deadlines.first_byte", "; try again"},
    wording{"; try again or raise deadlines.stall", "; try again"},
    wording{"; try again or raise deadlines.request", "; try again"},
    wording{"; try again, or turn compression off", "; try again"},
    wording{"; raise limits.header if it is genuine", ""},
    wording{" beyond limits.page; raise it if it is genuine", " beyond the limit of a page"},
    wording{"; raise limits.page or lower the query's limit", "; lower --limit"},
    // The longer one first.
    wording{"; raise limits.items", ""},
    wording{"; raise limits.item", ""},
    wording{"; raise limits.depth", ""},
    wording{"; raise limits.envelope", ""},
    wording{"; raise limits.cursor", ""},
    wording{" than retry_policy::max_retry_after", " than the program takes"},
};

}  // namespace

std::string program_words(std::string_view library_text)
{
    std::string text{library_text};
    for (const wording& w : subjects)
        if (library_text.starts_with(w.library)) text.replace(0, w.library.size(), w.program);
    for (const wording& w : advice)
        if (const auto at = text.find(w.library); at != std::string::npos)
            text.replace(at, w.library.size(), w.program);
    return text;
}

}  // namespace unipile::program
