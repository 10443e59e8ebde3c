// The page of a harvest; its parts are made part of the program when it is built.
#pragma once

#include <string_view>

namespace unipile::program {

extern const std::string_view page_html, page_css, page_js;

}  // namespace unipile::program
