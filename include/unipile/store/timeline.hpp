// Which stretches of a listing are proven complete, and where to read next.
#pragma once

#include <unipile/end_reason.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace unipile::store {

/// Unix time in milliseconds, as stores keep it.
using unix_time = std::chrono::sys_time<std::chrono::milliseconds>;

/// How a run reads a listing.
enum class walk_mode {
    update,  ///< what is new, and what earlier runs left open
    full,    ///< everything again
};

/// Where a run stops on purpose. The stretch below stays open, so that a later run with wider bounds goes on there.
struct walk_bounds {
    /// Stop once this many of the newest posts are known; 0: no bound. Posts that earlier runs have read count.
    std::uint64_t max_posts = 0;
    /// Stop once posts are older than this.
    std::optional<unix_time> since;
    /// How many older posts in a row prove that `since` is reached; at least 1.
    unsigned since_run = 5;

    friend bool operator==(const walk_bounds&, const walk_bounds&) = default;
};

/// What is assumed of listings. The defaults suit LinkedIn and Instagram.
struct timeline_rules {
    /// How many posts at the top of a listing may be pinned, that is, out of order. What is seen there proves nothing
    /// about the order below it.
    unsigned pinned = 3;
    /// How many posts of a proven stretch must come in a row before a walk trusts that it is inside; at least 1.
    unsigned join_run = 3;
    /// An interrupted walk that began longer ago than this isn't resumed, a new one starts at the top (and jumps to
    /// where the old one was, once it gets there).
    std::chrono::seconds resume_within{24 * 3600};
    /// A position older than this may have shifted (the server may count posts, and some may be gone). So the last page
    /// is read once more, and if nothing on it is known, the position isn't trusted. A full walk always does this,
    /// since it concludes from not seeing a post.
    std::chrono::seconds trust_position_for{3600};
};

/// The place of a post within a timeline: which walk saw it, and whether it was seen in its natural place (`firm`) or
/// at the top, where it might have been pinned.
struct place {
    std::uint32_t walk = 0;  ///< 0: nowhere
    bool firm = false;

    friend bool operator==(const place&, const place&) = default;
};

/// One post of a page: where it was known to be, and, on return, where it is now.
struct sighting {
    place at;
    std::optional<unix_time> published;
};

/// What to do next with a listing.
struct step {
    enum class kind {
        from_top,       ///< read from the beginning
        from_position,  ///< read from `position`
        go_on,          ///< read the next page of this stream
        complete,       ///< done: everything down to the end of the listing is known
        bounded,        ///< done: the run's bounds are reached
        interrupted,    ///< done for now: the listing failed or was cancelled
        lost_lease,     ///< another worker has this job; nothing was written
    };
    kind what = kind::go_on;
    std::string position;  ///< for `from_position`
    /// With `complete`: what this walk has not seen is gone from the listing.
    bool mark_gone = false;

    friend bool operator==(const step&, const step&) = default;
};

const char* to_string(step::kind k) noexcept;

/// What is known of one listing (one account's view of one identifier), over all runs that ever read it.
///
/// A timeline is a list of *stretches*, newest first. Each is a part of the listing that has been read without a gap;
/// its bottom is either the end of the listing or a position to go on from. Between two stretches there may be posts
/// that nobody has read. A run walks from the top through a stretch of its own until it is inside an older one, joins
/// it, and jumps to that one's bottom.
///
/// Having seen a post proves nothing: it may have been pinned, or read by a walk that was interrupted above or below.
/// A walk joins a stretch only when the last `join_run` posts that it read are all known to lie in that stretch in
/// their natural place, seen outside of the `pinned` first ones both then and now. That rests on two assumptions: below
/// the pinned posts new ones appear only at the top, and no post is pinned, or unpinned, while a walk is under way (it
/// would be moved past the walk). What slips through where they don't hold is found by `walk_mode::full`.
///
/// Pure: no clock, no I/O. A regular value with a text form, which a store keeps with the job.
class timeline {
public:
    explicit timeline(timeline_rules rules = {}) : rules_(rules) {}

    /// Reads what `text()` wrote; an empty text is a listing that was never read. Nothing if the text is damaged.
    static std::optional<timeline> parse(std::string_view text, timeline_rules rules = {});
    std::string text() const;

    /// Starts a run, or goes on with one that was interrupted: `from_top` or `from_position`.
    step begin(walk_mode mode, const walk_bounds& bounds, unix_time now);

    /// The next posts of the listing, in its order, and the position right behind them. `page_ends`: the position is
    /// the beginning of a page. Gives every post its place: on return `posts[i].at` is what to remember of it.
    ///
    /// Returns `go_on`, `from_position` (leave this stream, start there), `from_top` (the position that this stream
    /// came from can't be trusted: leave it and start anew), `complete` or `bounded`.
    step read(std::span<sighting> posts, std::string_view position, bool page_ends, unix_time now);

    /// The listing has ended for `reason`. `complete`, `bounded`, `interrupted`, or `from_top` if it seems to have
    /// ended only because an old position has become useless.
    step ended(end_reason reason, unix_time now);

    /// The saved position was refused or can't be read: `from_top`, or `from_position` if there is another to try.
    step lost_position(unix_time now);

    /// Whether the last walk came to the end of what it wanted.
    bool at_rest() const noexcept { return !walk_.active; }
    /// Whether everything from the top to the end of the listing is known, as of the last walk's beginning.
    bool whole() const noexcept { return !walk_.active && !stretches_.empty() && stretches_.front().closed; }
    /// Which bound the last walk reached, if one: `max_posts` or `since_reached`, else `none`.
    end_reason bound() const noexcept;
    /// Number of the walk under way, or of the last one.
    std::uint32_t walk() const noexcept { return stretches_.empty() ? 0 : stretches_.front().last; }
    /// How many separate stretches are known.
    std::size_t stretches() const noexcept { return stretches_.size(); }

    friend bool operator==(const timeline& a, const timeline& b)
    {
        return a.next_ == b.next_ && a.stretches_ == b.stretches_ && a.walk_ == b.walk_;
    }

private:
    // A contiguous part of the listing. Walks are numbered in the order in which they began, and each began at the top,
    // so a stretch that was joined from several walks holds the walks first..last, and no other's.
    struct stretch {
        std::uint32_t first = 0, last = 0;
        std::uint64_t posts = 0;         // about how many
        bool closed = false;             // reaches down to the listing's end
        std::string position;            // goes on at the bottom, or a bit above; empty: not known
        std::string page;                // where the page began whose posts are the last ones above `position`
        std::string boundary;            // the last page boundary that was passed
        std::optional<unix_time> floor;  // everything newer than this is inside
        unix_time position_at{};         // when `position` was given by the server

        bool holds(std::uint32_t walk) const noexcept { return walk >= first && walk <= last; }
        friend bool operator==(const stretch&, const stretch&) = default;
    };
    struct walk_state {
        bool active = false;
        walk_mode mode = walk_mode::update;
        walk_bounds bounds;
        unix_time began{};
        std::uint64_t passed = 0;     // posts since the top; counts on over a resumption
        bool unbroken = true;         // from the top to here without a jump
        bool saved_position = false;  // nothing was read yet since reading from a saved position
        bool want_overlap = false;    // and its page must hold something known
        std::uint32_t candidate = 0;  // `last` of the stretch that the latest posts lie in
        unsigned in_a_row = 0;
        unsigned older_in_a_row = 0;
        std::string left_position;  // where the walk was when it jumped, until the jump has succeeded
        unix_time left_at{};

        friend bool operator==(const walk_state&, const walk_state&) = default;
    };

    stretch& current() { return stretches_.front(); }
    stretch* find(std::uint32_t walk) noexcept;
    step from_top(unix_time now);
    step from_saved(unix_time now);
    void see(sighting& post);
    void see_known(sighting& post, stretch& other, bool natural);
    bool overlaps(std::span<const sighting> posts) const;
    step join(unix_time now);
    bool bounds_reached() const { return bound() != end_reason::none; }
    step rest(step::kind what);
    step close(bool certain);
    void forget_position();
    void lower_floor(unix_time to);

    timeline_rules rules_;
    std::uint32_t next_ = 1;
    std::vector<stretch> stretches_;  // newest first; the first is the walk's own
    walk_state walk_;
};

}  // namespace unipile::store
