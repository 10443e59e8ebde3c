// What to do next with a claimed job. Pure.
#pragma once

#include <unipile/harvest.hpp>
#include <unipile/position.hpp>
#include <unipile/posts_query.hpp>
#include <unipile/store/records.hpp>

#include <optional>
#include <string>

namespace unipile::durable {

/// Where a listing starts or continues, in the form that a harvest takes.
struct starting_place {
    /// Throws `failure` for a position that can't be used.
    explicit starting_place(const store::step& where);

    position from;
    wall_time trusted_until = wall_time::max();
    position overlap;
};

/// Returns true if a listing can start where the store says.
bool is_usable(const store::step& where, const posts_query& query);

struct course_action {
    enum class kind {
        wait,             ///< for the next element of the listing
        go_on,            ///< with the next page
        jump,             ///< to `where` within the same listing
        finish,           ///< end the listing; its last element leads to the next action
        close,            ///< the job is over: `how`, and `done` or failed
        again,            ///< the listing starts at `where`
        forget_position,  ///< the saved position can't be used: get another one from the store
        give_back,        ///< return the job to the store, for another run or a later time
        report,           ///< report the listing's end to the store
    };
    kind what = kind::wait;
    store::step where{};
    std::string how{};
    bool done = false;
};

const char* to_string(course_action::kind k) noexcept;

/// Returns how a listing ended, for statistics and for the store: the API's type of a failure, its status or the code's
/// message; otherwise the reason's name.
std::string end_text(const harvest_element& end);

/// The course of one job from its claim to its end, for all inputs of the API and the store. Covers one listing; after
/// `again` a new course begins.
class job_course {
public:
    /// `start`: where the listing starts.
    explicit job_course(const store::step& start) noexcept : at_saved_(start.what == store::step::kind::from_position)
    {}

    /// A page is about to be stored.
    void page_arrived() noexcept { at_saved_ = false; }
    /// The store has the page, and this is its answer: `wait`, `go_on`, `jump` or `finish`.
    course_action page_stored(const harvest_element& page, const store::page_result& answer);
    /// The page is not stored, and neither are those behind it: `wait` or `finish`.
    course_action page_lost(const harvest_element& page) noexcept;
    bool is_lost() const noexcept { return lost_; }

    /// The listing has ended and its pages are stored. `parked_waits`: jobs of parked accounts wait.
    course_action listing_ended(const harvest_element& end, bool parked_waits) const;
    /// Handles the store's answer to `report`: `again` or `close`.
    static course_action end_stored(const store::step& next, std::string how);
    /// Handles the store's answer to `forget_position`: `again` or `close`.
    static course_action position_forgotten(const store::step& next);

private:
    std::optional<store::step> said_;  ///< the store's answer for a listing that is to end
    std::string end_;                  ///< the same, of a job that is over
    bool at_saved_;                    ///< nothing was read yet behind a saved position
    bool lost_ = false;                ///< a page could not be stored
};

}  // namespace unipile::durable
