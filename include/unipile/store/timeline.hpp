// The known parts of a listing, and where to read next.
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

#pragma GCC visibility push(default)
namespace unipile::store {

/// How a run reads a listing.
enum class walk_mode {
    update,  ///< new posts, and parts that earlier runs left open
    full,    ///< all posts again
};

/// Bounds of a run. The part below stays open, so that a later run with wider bounds continues there.
struct walk_bounds {
    /// Stop once this many of the newest posts are known; 0: no bound. Posts that earlier runs have read count, too.
    std::uint64_t max_posts = 0;
    /// Stop once posts are older than this; empty: no bound.
    std::optional<wall_time> since;
    /// How many older posts in a row show that `since` is reached; at least 1.
    unsigned since_run = 5;

    friend bool operator==(const walk_bounds&, const walk_bounds&) = default;
};

/// Assumptions about listings. The defaults suit LinkedIn and Instagram.
struct timeline_rules {
    /// How many posts at the top of a listing may be pinned, i.e. out of order. Posts in these places prove nothing
    /// about the order below.
    unsigned pinned = 3;
    /// How many posts of a known stretch must come in a row before a walk joins it; at least 1. Should be above
    /// `pinned`: posts that are pinned while the first page is read could make such a row.
    unsigned join_run = 4;
    /// An interrupted walk of `walk_mode::update` that began longer ago than this is not resumed. A new one starts at
    /// the top, and jumps to the position of the old one when it gets there. A full walk is resumed at any age. A time
    /// in the future counts as old, here and below.
    std::chrono::seconds resume_within{24 * 3600};
    /// A position older than this may have shifted: the server may count posts, and some may be deleted. So the last
    /// page is read once more, and if no post on it is known, the position is not used. A full walk always does this,
    /// since it concludes from posts that it does not see.
    std::chrono::seconds trust_position_for{3600};
    /// A listing that looked incomplete is read in full by the next run. If it looks incomplete again for a new reason,
    /// the next full read comes after this time, then after two, four, eight and sixteen times this time.
    std::chrono::seconds look_again_after{14 * 24 * 3600};
};

/// The place of a post within a timeline: the walk that saw it, and whether it was in its natural place (`firm`) or at
/// the top, where it may have been pinned.
struct place {
    std::uint32_t walk = 0;  ///< 0: nowhere
    bool firm = false;

    friend bool operator==(const place&, const place&) = default;
};

/// One post of a page. On call, its known place; on return, its place now.
struct sighting {
    place at;
    std::optional<wall_time> published;
    /// Identifies the post within its listing; 0: unknown.
    std::uint64_t post = 0;
};

/// Properties of a batch of posts.
struct page_facts {
    bool page_ends = true;         ///< the position behind the posts is the beginning of a page
    std::uint64_t missing = 0;     ///< if the page ends here: how many items it has fewer than requested
    bool quarantined = false;      ///< an item among them can't be read
    bool new_quarantined = false;  ///< and was not seen before
    bool overlapped = false;       ///< the stream started at `step::overlap`
    bool reread = false;           ///< the stream read the page before; these are the posts that it lacked then
    unsigned empty_pages = 0;      ///< how many empty pages in a row the stream reads past
};

/// What to do next with a listing.
struct step {
    /// What there is to do.
    enum class kind {
        from_top,       ///< read from the beginning
        from_position,  ///< read from `position`
        go_on,          ///< read the next page of this stream
        complete,       ///< done: all posts down to the end of the listing are known
        bounded,        ///< done for this run: its bounds are reached, or the listing's end is not confirmed yet
        interrupted,    ///< done for now: the listing failed or was cancelled
        not_claimed,    ///< this worker does not have the job; nothing was written
    };
    kind what = kind::go_on;
    std::string position{};  ///< for `from_position`
    /// With `complete`: this walk has seen the whole listing. Posts that neither this walk nor the whole walk before it
    /// has seen are gone.
    bool mark_gone = false;
    /// For `from_position`: if the first request goes out later than this, start at `overlap` instead.
    wall_time trusted_until = wall_time::max();
    std::string overlap{};  ///< a position above `position`; empty: the top
    bool inferred = false;  ///< with `complete`: the API has not stated the end, see `is_inferred`

    friend bool operator==(const step&, const step&) = default;
};

/// Returns the enumerator's name; never null.
const char* to_string(step::kind k) noexcept;

/// The known parts of one listing (one account's view of one identifier), over all runs that have read it.
///
/// A timeline is a list of *stretches*, newest first. Each is a part of the listing that has been read without a gap.
/// Its bottom is either the end of the listing or a position to continue from. Between two stretches there may be
/// unread posts. A run walks from the top through a stretch of its own until it is inside an older one, joins it, and
/// jumps to the bottom of that one.
///
/// **Joining.** A single known post proves nothing: it may have been pinned, or read by a walk that was interrupted
/// above or below. A walk joins a stretch only if the last `join_run` posts that it read are all known to lie in that
/// stretch in their natural place, i.e. outside of the `pinned` first posts both then and now. This rests on two
/// assumptions: below the pinned posts, new ones appear only at the top; and no post is pinned or unpinned while a walk
/// is under way, which would move it past the walk. Posts that are missed where they do not hold are found by
/// `walk_mode::full`.
///
/// **Limit.** Where the server's cursors count posts, a post that is deleted above a walk moves the posts below up by
/// one, and the post that crosses the walk's position is not read. A client can't detect this. A post that is not
/// stored yet is then found by a later `walk_mode::full`. A stored one is not marked gone, unless the same happens to
/// it in two full walks in a row.
///
/// **Ends.** Only `end_reason::null_cursor` is certain. `exhausted_cursor` is inferred and confirmed, and ends the
/// stretch. `empty_page`, `missing_cursor`, `refused_cursor`, and any inferred end above posts that are known to lie
/// below, leave the stretch open: the next run reads its last page once more. If the listing ends there again, behind
/// the same post, that is its end. An unconfirmed refusal (`refused_cursor`) does not confirm an end. After the second
/// one behind the same post the listing is suspect, and is read again after `look_again_after`. An end by empty pages
/// holds for streams that read past the same number of them; a stream that reads past more looks behind it again.
///
/// **Doubts.** A page with an item that can't be read, or a short page above another page, may lack posts. The listing
/// is suspect then, until a walk from the top to the end finds nothing of that kind. The next run makes such a walk,
/// and further ones are rare (`look_again_after`). A suspect listing is never whole.
///
/// **Short pages.** A page with fewer items than requested may lack some, or the server may cap the items of a page. A
/// cap is the same for every page, so pages are compared. A page is short if any page of the listing, in this walk or
/// another, had more items. If none had, its size is taken for the cap once two pages above another one have had it, or
/// one such page in two walks; until then the page counts as short. A steady cap therefore costs no request, except
/// that a listing of two pages is read in full once more. Limits: if every page of a listing lacks the same number of
/// posts, that looks like a cap. If a server lowers its cap, listings with longer pages before become suspect. A cap is
/// assumed to be above `timeline_rules::pinned`.
///
/// Pure: no clock, no I/O. A regular value with a text form, which a store keeps with the job.
class timeline {
public:
    /// A listing that was never read.
    explicit timeline(timeline_rules rules = {}) : rules_(rules) {}

    /// Reads what `text()` returned, in this version or an earlier one. An empty text is a listing that was never read.
    /// Returns nothing if the text is damaged.
    static std::optional<timeline> parse(std::string_view text, timeline_rules rules = {});
    /// Returns the text form.
    std::string text() const;

    /// Starts a walk, or continues one that was interrupted: `from_top` or `from_position`. A walk of another mode is
    /// not continued.
    step begin(walk_mode mode, const walk_bounds& bounds, wall_time now);

    /// Adds the next posts of the listing, in its order, and the position behind them. On return, `posts[i].at` is the
    /// place to store with the post.
    ///
    /// Returns `go_on`; `from_position` (leave this stream, start there); `from_top` (the position that this stream
    /// came from can't be trusted: leave it and start anew); `complete` or `bounded`.
    step read(std::span<sighting> posts, std::string_view position, const page_facts& page, wall_time now);

    /// Reports that the listing has ended for `reason`. Returns `complete`, `bounded`, `interrupted`, or `from_top` if
    /// the end may be due to an expired position. `empty_pages`: see `page_facts`.
    step ended(end_reason reason, wall_time now, unsigned empty_pages = 0);

    /// Reports that the position was refused, can't be read or leads nowhere (`errc::position_lost`). Returns
    /// `from_top`, or `from_position` if there is another one to try.
    step lost_position(wall_time now);

    /// Returns true if the first walk is under way and has read nothing yet.
    bool untouched() const noexcept
    {
        return walk_.active && next_ == 2 && walk_.passed == 0 && stretches_.front().down.boundary.empty();
    }
    /// Takes over what another account's timeline of the same listing knows, without its cursors, which are of no use
    /// here. For an untouched timeline, before its first `read`; the current walk stays at the top.
    void take_over(timeline other, wall_time now);

    /// Returns the first post of the last walk that began at the top; 0: unknown.
    std::uint64_t top() const noexcept { return top_; }
    /// Returns the last post that the current walk has read; 0: unknown, or it is at the top.
    std::uint64_t last_read() const noexcept
    {
        return walk_.active && walk_.passed > 0 ? stretches_.front().down.bottom : 0;
    }

    /// Returns true if the last walk reached the end that it was to reach.
    bool at_rest() const noexcept { return !walk_.active; }
    /// Returns true if all posts from the top to the end of the listing are known, as of the last walk's beginning.
    bool whole() const noexcept
    {
        return !walk_.active && !stretches_.empty() && stretches_.front().closed() && !suspect();
    }
    /// Returns how the listing's end was found, as of the last walk that reached it; `none` if the last walk has not
    /// reached the end. All ends but `null_cursor` are inferred.
    end_reason end() const noexcept { return stretches_.empty() ? end_reason::none : stretches_.front().end; }
    /// Returns true if the listing may have posts that it did not show.
    bool suspect() const noexcept { return doubts_ != 0 || lost_ || refusals_ > 1; }
    /// Returns the bound that the last walk reached: `max_posts` or `since_reached`, else `none`.
    end_reason bound() const noexcept;
    /// Returns the number of the current walk, or of the last one.
    std::uint32_t walk() const noexcept { return stretches_.empty() ? 0 : stretches_.front().last; }
    /// Returns true if the posts of both walks lie in one stretch, so that a place may name either.
    bool together(std::uint32_t walk, std::uint32_t other) const noexcept;
    /// Returns true if the walk under way may end with `step::mark_gone`.
    bool may_mark_gone() const noexcept { return walk_.active && walk_.unbroken; }
    /// Returns the number of separate stretches.
    std::size_t stretches() const noexcept { return stretches_.size(); }

    /// Compares all but the rules.
    friend bool operator==(const timeline& a, const timeline& b);

private:
    struct text_form;
    // How far down a stretch has been read.
    struct depth {
        std::string position;        // continues at the bottom, or slightly above; empty: unknown
        std::string page;            // beginning of the page whose posts are the last ones above `position`
        std::string boundary;        // the last page boundary that was passed
        wall_time given{};           // when the server gave `position`
        std::uint64_t bottom = 0;    // the last post above `position`; 0: unknown
        std::uint64_t page_top = 0;  // the first post of the page that began at `page`
        std::uint64_t next_top = 0;  // the first post behind `boundary`; 0: none was read
        std::uint64_t missing = 0;   // how many items the last page lacks; relevant if another page follows
        bool ended = false;          // the listing seemed to end here; not confirmed

        friend bool operator==(const depth&, const depth&) = default;
    };
    // A contiguous part of the listing. Walks are numbered in the order in which they began, and each began at the top.
    // So a stretch that joins several walks holds the walks first..last, and no others.
    struct stretch {
        std::uint32_t first = 0, last = 0;
        std::uint64_t posts = 0;            // approximate number
        std::uint64_t stayed = 0;           // of these: met by this walk, above their natural place
        end_reason end = end_reason::none;  // reaches the listing's end, which was found this way
        unsigned empty_pages = 0;           // with `empty_page`: how many in a row would have been read past
        bool clean = true;                  // read without a doubt
        std::uint64_t most_missing = 0;     // the most items that any of its pages above another one lacks
        std::optional<wall_time> floor;     // all posts newer than this are inside
        depth down;
        std::uint32_t bottom_seen = 0;  // the last walk that met `down.bottom`

        bool closed() const noexcept { return end != end_reason::none; }
        bool holds(std::uint32_t walk) const noexcept { return walk >= first && walk <= last; }
        friend bool operator==(const stretch&, const stretch&) = default;
    };
    struct walk_state {
        bool active = false;
        walk_mode mode = walk_mode::update;
        walk_bounds bounds;
        wall_time began{};
        std::uint64_t passed = 0;     // posts since the top; continues after a resumption
        bool unbroken = true;         // from the top to here without a jump
        bool saved_position = false;  // nothing was read yet since the start at a saved position
        bool want_overlap = false;    // and its page must hold a known post
        std::uint32_t candidate = 0;  // `last` of the stretch that the latest posts lie in
        unsigned in_a_row = 0;
        unsigned older_in_a_row = 0;
        bool doubtful = false;      // it met something that raises a doubt
        bool second_look = false;   // it was made because of a doubt
        std::uint32_t ends_in = 0;  // `last` of the closed stretch whose bottom the latest post is
        bool ends_firmly = false;   // which lies in its natural place
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
    void see(sighting& post, bool reread);
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
    void drop_older(std::vector<stretch>::iterator end);
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
    std::vector<stretch> stretches_;  // newest first; the first one is the walk's own
    walk_state walk_;
    std::uint64_t top_ = 0;
    // An end that was inferred and not confirmed: the last post above it, the number of posts from the top to there (0:
    // enough that the post is in its natural place), and the number of refusals that could not be confirmed there.
    std::optional<std::uint64_t> ended_behind_;
    std::uint64_t ended_after_ = 0;
    unsigned refusals_ = 0;
    wall_time refused_at_{};
    bool lost_ = false;  // that end lies above posts that are known
    // What raises doubts in the listing, whether it is to be read again, and how often and when that was done.
    unsigned doubts_ = 0;
    bool look_pending_ = false;
    unsigned looks_ = 0;
    wall_time looked_at_{};
    // How many items the listing's longest page lacks (empty: none was seen), and how many pages of that size above
    // another page were seen; two are enough.
    std::optional<std::uint64_t> fewest_missing_;
    unsigned alike_ = 0;
};

}  // namespace unipile::store
#pragma GCC visibility pop
