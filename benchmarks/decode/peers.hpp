// The peers of the decoder: each reads one whole page and returns a sum over what it read, so that nothing can be
// skipped. They get the page as one piece, which is more than they would get from a connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace unipile::peers {

/// simdjson's on-demand front end into structs of std::string, vectors of them and optionals.
class simdjson_structs {
public:
    simdjson_structs();
    ~simdjson_structs();
    /// `page` has simdjson's padding reserved behind its end.
    std::uint64_t read(const std::string& page);
    /// What the processor's features made of it.
    static std::string implementation();

private:
    struct state;
    std::unique_ptr<state> state_;
};

std::uint64_t boost_json_dom(const std::string& page);
std::uint64_t rapidjson_dom(const std::string& page);
std::uint64_t rapidjson_sax(const std::string& page);

/// Bytes that `simdjson_structs::read` needs behind a page.
constexpr std::size_t padding = 64;

}  // namespace unipile::peers
