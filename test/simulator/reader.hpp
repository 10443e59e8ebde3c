// Follows listings through a responder, without sockets.
#pragma once

#include "simulator/responder.hpp"

#include <boost/json/value.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reader {

namespace sim = unipile::simulator;

/// A request target with everything percent-encoded.
std::string target(std::string_view account, std::string_view identifier, unsigned limit, bool is_company,
                   std::string_view cursor = {});

/// Asks with the right key, or with `key`.
sim::answer get(sim::responder& responder, const std::string& target, std::string_view key = "simulated-key",
                sim::responder::time_point now = {});

/// Throws for what is not JSON; lone surrogates and bytes that are not UTF-8 may pass.
boost::json::value parse(std::string_view text);

struct page {
    sim::answer answer;
    boost::json::value body;
    std::vector<std::string> ids;
    std::optional<std::string> cursor;  ///< nullopt: anything but a text
};
page get_page(sim::responder& responder, const sim::profile& profile, unsigned limit, std::string_view cursor = {});

struct listing {
    std::vector<std::string> ids;  ///< as delivered, repeated ones too
    std::size_t pages = 0, empty_pages = 0;
    unsigned last_status = 200;
    bool looped = false;  ///< a cursor came a second time
};
/// Follows cursors until there is none, an error, a loop, or `most` pages.
listing follow(sim::responder& responder, const sim::profile& profile, unsigned limit, std::size_t most = 10'000);

/// All profiles of a responder.
std::vector<sim::profile> profiles(const sim::responder& responder);

/// Each once, at its first place.
std::vector<std::string> unique(std::vector<std::string> ids);

}  // namespace reader
