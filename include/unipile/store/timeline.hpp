// Which stretches of a listing are proven complete, and where to read next.
#pragma once

#include <unipile/end_reason.hpp>
#include <unipile/wall_time.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace unipile::store {

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
    std::optional<wall_time> since;
    /// How many older posts in a row prove that `since` is reached; at least 1.
    unsigned since_run = 5;

    friend bool operator==(const walk_bounds&, const walk_bounds&) = default;
};

/// What is assumed of listings. The defaults suit LinkedIn and Instagram.
struct timeline_rules {
    /// How many posts at the top of a listing may be pinned, that is, out of order. What is seen there proves nothing
    /// about the order below it.
    unsigned pinned = 3;
    /// How many posts of a proven stretch must come in a row before a walk trusts that it is inside; at least 1. More
    /// than `pinned`, or posts that are pinned while the first page is read could make such a row.
    unsigned join_run = 4;
    /// An interrupted `walk_mode::update` that began longer ago than this isn't resumed, a new one starts at the top
    /// (and jumps to where the old one was, once it gets there). A full walk is resumed however old it is. A time in
    /// the future counts as old, here and below.
    std::chrono::seconds resume_within{24 * 3600};
    /// A position older than this may have shifted (the server may count posts, and some may be gone). So the last page
    /// is read once more, and if nothing on it is known, the position isn't trusted. A full walk always does this,
    /// since it concludes from not seeing a post.
    std::chrono::seconds trust_position_for{3600};
    /// A listing that looked incomplete is read in full once more by the next run. If it looks incomplete again for a
    /// new reason, the next such look comes after this, then after twice, four, eight and sixteen times this.
    std::chrono::seconds look_again_after{14 * 24 * 3600};
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
    std::optional<wall_time> published;
    /// Tells this post from the others of its listing; 0: not known.
    std::uint64_t post = 0;
};

/// What is known of some posts of a listing beside the posts.
struct page_facts {
    bool page_ends = true;         ///< the position behind them is the beginning of a page
    std::uint64_t missing = 0;     ///< how many items fewer than asked for their page has, if it ends here
    bool quarantined = false;      ///< an item among them can't be read
    bool new_quarantined = false;  ///< and was never seen before
    bool overlapped = false;       ///< the stream began at `step::overlap`
    unsigned empty_pages = 0;      ///< how many empty pages in a row the stream reads past
};

/// What to do next with a listing.
struct step {
    enum class kind {
        from_top,       ///< read from the beginning
        from_position,  ///< read from `position`
        go_on,          ///< read the next page of this stream
        complete,       ///< done: everything down to the end of the listing is known
        bounded,        ///< done for this run: its bounds are reached, or the listing's end isn't confirmed yet
        interrupted,    ///< done for now: the listing failed or was cancelled
        lost_lease,     ///< another worker has this job; nothing was written
    };
    kind what = kind::go_on;
    std::string position{};  ///< for `from_position`
    /// With `complete`: this walk has seen the whole listing. What it has not seen, and what another such walk before
    /// it had not seen either, is gone.
    bool mark_gone = false;
    /// For `from_position`: if the first request goes out later than this, start at `overlap` instead.
    wall_time trusted_until = wall_time::max();
    std::string overlap{};  ///< a position above `position`; empty: the top

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
/// Limit: where the server's cursors count posts, a post that is deleted above a walk under way moves the posts below
/// it up by one, and the post that moves across the walk's position is not read by this walk. No client can notice. A
/// post that is not stored yet is then found by a later `walk_mode::full`. A stored one isn't marked gone, unless the
/// same happens to it in two full walks in a row.
///
/// Ends. Only `end_reason::null_cursor` is certain. `exhausted_cursor` is inferred and confirmed: it ends the stretch.
/// `empty_page`, `missing_cursor`, `refused_cursor`, and any inferred end above posts that are known to lie below,
/// leave the stretch open: the next run reads its last page once more. If the listing ends there again, behind the same
/// post, that is its end. A refusal that can't be confirmed (`refused_cursor`) confirms nothing either: after the
/// second one behind the same post the listing is suspect, and looked at again after `look_again_after`. An end by
/// empty pages holds for streams that read past as many of them: one that reads past more looks behind it again.
///
/// Doubts. A page with an item that can't be read, or a short page above another page, may hide posts. The listing is
/// suspect then, until a walk from the top to the end meets nothing of that kind; the next run makes one, and further
/// ones are rare (`look_again_after`). A suspect listing is never whole.
///
/// Short pages. A page with fewer items than asked for may have lost some, or the server may give fewer items a page
/// than asked for. A server's cap is the same for every page, so it is decided by comparison. A page is short if any
/// page of the listing, in this walk or another, had more items. If none had, its size is taken for the cap once two
/// pages above another one have had it, or one such page in two walks; until then the page counts as short. A steady
/// cap therefore costs no request, except that a listing of two pages is read in full once more. Limits: posts hidden
/// from every page of a listing in the same number look like a cap. A server that lowers its cap makes the listings
/// suspect of which it has given longer pages. A cap is assumed to be above `timeline_rules::pinned`.
///
/// Pure: no clock, no I/O. A regular value with a text form, which a store keeps with the job.
class timeline {
public:
    explicit timeline(timeline_rules rules = {}) : rules_(rules) {}

    /// Reads what `text()` wrote, in this version or an earlier one; an empty text is a listing that was never read.
    /// Nothing if the text is damaged.
    static std::optional<timeline> parse(std::string_view text, timeline_rules rules = {});
    std::string text() const;

    /// Starts a run, or goes on with one that was interrupted: `from_top` or `from_position`. A walk of another mode
    /// isn't gone on with.
    step begin(walk_mode mode, const walk_bounds& bounds, wall_time now);

    /// The next posts of the listing, in its order, and the position right behind them. Gives every post its place: on
    /// return `posts[i].at` is what to remember of it.
    ///
    /// Returns `go_on`, `from_position` (leave this stream, start there), `from_top` (the position that this stream
    /// came from can't be trusted: leave it and start anew), `complete` or `bounded`.
    step read(std::span<sighting> posts, std::string_view position, const page_facts& page, wall_time now);

    /// The listing has ended for `reason`. `complete`, `bounded`, `interrupted`, or `from_top` if it seems to have
    /// ended only because an old position has become useless. `empty_pages`: see `page_facts`.
    step ended(end_reason reason, wall_time now, unsigned empty_pages = 0);

    /// The position was refused, can't be read or leads nowhere (`errc::position_lost`): `from_top`, or
    /// `from_position` if there is another to try.
    step lost_position(wall_time now);

    /// Whether the first walk is under way and has read nothing yet.
    bool untouched() const noexcept
    {
        return walk_.active && next_ == 2 && walk_.passed == 0 && stretches_.front().down.boundary.empty();
    }
    /// Goes on with what another account's timeline of the same listing knows. Its cursors are of no use, what was
    /// seen is. For an untouched timeline, before its first `read`; the walk under way stays at the top.
    void take_over(timeline other, wall_time now);

    /// Whether the last walk came to the end of what it wanted.
    bool at_rest() const noexcept { return !walk_.active; }
    /// Whether everything from the top to the end of the listing is known, as of the last walk's beginning.
    bool whole() const noexcept
    {
        return !walk_.active && !stretches_.empty() && stretches_.front().closed() && !suspect();
    }
    /// How the listing's end was found, as of the last walk that came there; `none` if the last walk has not come to
    /// the end. Other than `null_cursor`: it is inferred.
    end_reason end() const noexcept { return stretches_.empty() ? end_reason::none : stretches_.front().end; }
    /// Whether the listing may have posts that it did not show.
    bool suspect() const noexcept { return doubts_ != 0 || lost_ || refusals_ > 1; }
    /// Which bound the last walk reached, if one: `max_posts` or `since_reached`, else `none`.
    end_reason bound() const noexcept;
    /// Number of the walk under way, or of the last one.
    std::uint32_t walk() const noexcept { return stretches_.empty() ? 0 : stretches_.front().last; }
    /// How many separate stretches are known.
    std::size_t stretches() const noexcept { return stretches_.size(); }

    /// Rules don't count.
    friend bool operator==(const timeline& a, const timeline& b);

private:
    // How far down a stretch has been read.
    struct depth {
        std::string position;        // goes on at the bottom, or a bit above; empty: not known
        std::string page;            // where the page began whose posts are the last ones above `position`
        std::string boundary;        // the last page boundary that was passed
        wall_time given{};           // when `position` was given by the server
        std::uint64_t bottom = 0;    // the last post above `position`; 0: not known
        std::uint64_t page_top = 0;  // the first post of the page that began at `page`
        std::uint64_t next_top = 0;  // the first post behind `boundary`; 0: none was read
        std::uint64_t missing = 0;   // how many items the last page lacks, which matters if another one comes
        bool ended = false;          // the listing seemed to end here; not confirmed

        friend bool operator==(const depth&, const depth&) = default;
    };
    // A contiguous part of the listing. Walks are numbered in the order in which they began, and each began at the top,
    // so a stretch that was joined from several walks holds the walks first..last, and no other's.
    struct stretch {
        std::uint32_t first = 0, last = 0;
        std::uint64_t posts = 0;            // about how many
        end_reason end = end_reason::none;  // reaches down to the listing's end, which was found so
        unsigned empty_pages = 0;           // with `empty_page`: how many in a row would have been read past
        bool clean = true;                  // read without a doubt
        std::uint64_t most_missing = 0;     // how many items any of its pages above another one lacks, at the most
        std::optional<wall_time> floor;     // everything newer than this is inside
        depth down;
        std::uint32_t bottom_seen = 0;  // the last walk that came across `down.bottom`

        bool closed() const noexcept { return end != end_reason::none; }
        bool holds(std::uint32_t walk) const noexcept { return walk >= first && walk <= last; }
        friend bool operator==(const stretch&, const stretch&) = default;
    };
    struct walk_state {
        bool active = false;
        walk_mode mode = walk_mode::update;
        walk_bounds bounds;
        wall_time began{};
        std::uint64_t passed = 0;     // posts since the top; counts on over a resumption
        bool unbroken = true;         // from the top to here without a jump
        bool saved_position = false;  // nothing was read yet since reading from a saved position
        bool want_overlap = false;    // and its page must hold something known
        std::uint32_t candidate = 0;  // `last` of the stretch that the latest posts lie in
        unsigned in_a_row = 0;
        unsigned older_in_a_row = 0;
        bool doubtful = false;      // it met something that raises a doubt
        bool second_look = false;   // it was made for a doubt
        std::uint32_t ends_in = 0;  // `last` of the closed stretch whose bottom the latest post is
        bool ends_firmly = false;   // which lies in its natural place
        std::uint64_t stayed = 0;   // posts above the natural order that stayed in their older stretch
        depth left;                 // where the walk was when it jumped, until the jump has succeeded

        friend bool operator==(const walk_state&, const walk_state&) = default;
    };
    enum doubt : unsigned { unreadable_item = 1, short_page_above = 2 };

    stretch& current() { return stretches_.front(); }
    stretch* find(std::uint32_t walk) noexcept;
    bool is_old(wall_time t, std::chrono::seconds limit, wall_time now) const;
    static bool on_first_page(const depth& d);
    std::chrono::seconds backoff(unsigned looks) const;
    bool wants_look(wall_time now) const;
    bool can_resume(walk_mode mode, wall_time now) const;
    void absorb();
    void forget_positions();
    step from_top(wall_time now);
    step from_saved(wall_time now);
    step from_left(wall_time now);
    void begin_overlap(const page_facts& page);
    void see(sighting& post);
    void see_known(sighting& post, stretch& other, bool natural);
    void note_bottom(std::uint64_t post, bool natural);
    bool overlaps(std::span<const sighting> posts) const;
    void look_for_doubts(std::span<const sighting> posts, const page_facts& page, bool overlap);
    void note_size(std::uint64_t missing);
    void raise(doubt d, bool fresh);
    void go_down(std::span<const sighting> posts, std::string_view position, const page_facts& page, wall_time now);
    step join(const page_facts& page, wall_time now);
    std::uint32_t joinable(const page_facts& page) const;
    stretch merge(std::uint32_t last);
    step inferred_end(end_reason reason, wall_time now, unsigned empty_pages);
    bool rests(const depth& down, wall_time now) const;
    bool is_known_end() const;
    bool misses_known_posts() const;
    bool bounds_reached() const { return bound() != end_reason::none; }
    step rest(step::kind what);
    step close(end_reason how, unsigned empty_pages);
    void lower_floor(wall_time to);

    timeline_rules rules_;
    std::uint32_t next_ = 1;
    std::vector<stretch> stretches_;  // newest first; the first is the walk's own
    walk_state walk_;
    // An end that was inferred and not confirmed: the last post above it, how many posts lie from the top to there (0:
    // enough that the post is in its natural place), and how often a refusal could not be confirmed there.
    std::optional<std::uint64_t> ended_behind_;
    std::uint64_t ended_after_ = 0;
    unsigned refusals_ = 0;
    wall_time refused_at_{};
    bool lost_ = false;  // that end lies above posts that are known
    // What raises doubts in the listing, whether it is to be looked at again, and how often and when that was done.
    unsigned doubts_ = 0;
    bool look_pending_ = false;
    unsigned looks_ = 0;
    wall_time looked_at_{};
    // How many items the listing's longest page lacks (nothing: none was seen), and how many pages above another one
    // were seen that are as long; two are enough.
    std::optional<std::uint64_t> fewest_missing_;
    unsigned alike_ = 0;
};

}  // namespace unipile::store
