// What a harvest's page, its metrics and its status answer.
#pragma once

#include "program/watch/control.hpp"
#include "program/watch/site_request.hpp"
#include "program/watch/site_server.hpp"
#include "program/watch/state.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <functional>
#include <string>

namespace unipile::program {

/// The state, and each text of it, is made at most so often that it takes a two-hundredth of the time.
class harvest_site {
public:
    /// Writes a control into the store. Throws store::store_error.
    using controller = std::function<boost::asio::awaitable<void>(control command)>;

    harvest_site(site_rules rules, std::function<harvest_state()> take, controller apply);

    boost::asio::awaitable<site_answer> answer(site_request request, std::string body);

private:
    using clock = std::chrono::steady_clock;

    void refresh();
    const std::string& text_of(std::string& kept, std::string (*make)(const harvest_state&));
    site_answer read(site_part part);
    boost::asio::awaitable<site_answer> obey(std::string body);

    site_rules rules_;
    std::function<harvest_state()> take_;
    controller apply_;
    harvest_state state_;
    std::string status_, metrics_;  ///< of that state; empty: not made yet
    clock::time_point fresh_until_{};
};

}  // namespace unipile::program
