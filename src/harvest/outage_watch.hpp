// Whether the server can be reached and answers, as the requests of a harvest tell. Pure: time and chance come from the
// caller.
#pragma once

#include <unipile/pacing.hpp>

#include "splitmix.hpp"

#include <chrono>
#include <cstddef>

namespace unipile::harvest {

/// After some requests in a row that never left, got not a byte of an answer, or one that shows that the server doesn't
/// work, and no other answer in between, the harvest is cut off: one request at a time then finds out whether the
/// server is back, after waits that grow. A good answer ends that, whoever gets it. Where a request left, it may have
/// cost its account something; so those waits grow further.
///
/// It is hopeless once the last probe within `patience` has failed, or a few seconds after the beginning as long as
/// nothing was ever answered: an address that is wrong or a network that isn't there. A probe that waits longer than
/// that for an answer is then the only one.
class outage_watch {
public:
    /// So many requests in a row tell an outage from a hiccup, where there are as many accounts.
    static constexpr std::size_t most_needed = 8;
    static constexpr std::chrono::milliseconds first_wait{1'000};
    static constexpr std::chrono::milliseconds longest_wait{60'000};
    static constexpr std::chrono::milliseconds longest_costly_wait{3'600'000};
    /// How long a server is tried that never answered.
    static constexpr std::chrono::milliseconds first_patience{3'000};

    /// `patience` 0: without end.
    explicit outage_watch(std::chrono::milliseconds patience) noexcept : patience_(patience) {}

    /// The server has answered, no matter what.
    void answered() noexcept;
    /// The server has answered, but nothing that shows that it works.
    void heard() noexcept { known_ = true; }
    /// What a request got that brought no good answer.
    struct nothing {
        bool costly = false;                 ///< it left
        std::chrono::milliseconds asked{0};  ///< the wait that the server asks for
    };
    /// A request that isn't the probe brought no good answer. `accounts`: that have work.
    void no_answer(std::size_t accounts, const nothing& got, wall_time now, random_source& random);
    void probe_begins(wall_time now) noexcept;
    /// While cut off: neither did the probe.
    void probe_failed(const nothing& got, wall_time now, random_source& random);

    /// What was known until now says nothing any more, but that there is a server.
    void begin_anew() noexcept;

    bool is_cut_off() const noexcept { return cut_off_; }
    wall_time since() const noexcept { return since_; }
    /// While cut off: not before.
    wall_time next_probe() const noexcept { return next_probe_; }
    bool is_hopeless() const noexcept { return hopeless_; }
    /// Whether anything was ever answered.
    bool was_reached() const noexcept { return known_; }

private:
    void wait(const nothing& got, wall_time now, random_source& random);
    std::chrono::milliseconds patience() const noexcept { return known_ ? patience_ : first_patience; }

    std::chrono::milliseconds patience_;
    std::chrono::milliseconds wait_{0};
    std::size_t in_a_row_ = 0;
    wall_time since_{};
    wall_time next_probe_{};
    bool cut_off_ = false;
    bool hopeless_ = false;
    bool known_ = false;
};

}  // namespace unipile::harvest
