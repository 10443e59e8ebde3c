// Queries and changes of a running server.
#include "simulator/generate.hpp"
#include "simulator/responder.hpp"

#include <algorithm>
#include <stdexcept>

namespace unipile::simulator {

traits responder::known(std::string_view identifier) const
{
    auto found = people_.find_profile(identifier);
    if (!found) throw std::out_of_range("there is no identifier " + std::string(identifier));
    return std::move(*found);
}

std::uint32_t responder::known_account(std::string_view account) const
{
    const auto found = people_.find_account(account);
    if (!found) throw std::out_of_range("there is no account " + std::string(account));
    return *found;
}

changes responder::changes_of(std::uint32_t profile) const
{
    const auto found = changes_.find(profile);
    return found == changes_.end() ? simulator::changes{} : found->second;
}

changes& responder::change(std::uint32_t profile)
{
    auto& result = changes_[profile];
    ++result.version;
    return result;
}

std::uint64_t responder::post_count(std::string_view identifier) const
{
    const auto owner = known(identifier);
    const std::lock_guard lock(mutex_);
    return listing(owner, changes_of(owner.index)).size();
}

std::vector<std::string> responder::posts(std::string_view identifier) const
{
    const auto owner = known(identifier);
    const std::lock_guard lock(mutex_);
    const listing posts(owner, changes_of(owner.index));
    std::vector<std::string> ids(posts.size());
    for (std::uint64_t i = 0; i < ids.size(); ++i) ids[i] = post_id(owner, posts.serial_at(i));
    return ids;
}

truth responder::post_at(std::string_view identifier, std::uint64_t index, std::string_view account) const
{
    const auto owner = known(identifier);
    const auto reader = account.empty() ? owner.home : known_account(account);
    const std::lock_guard lock(mutex_);
    const auto changes = changes_of(owner.index);
    const listing posts(owner, changes);
    if (index >= posts.size()) throw std::out_of_range("the listing has fewer posts");
    const auto serial = posts.serial_at(index);
    const auto deviations = deviations_of(options_, *faults_, owner, people_.account_name(reader), serial);
    truth result;
    result.id = post_id(owner, serial);
    result.published_at = owner.time_of(serial);
    result.valid = (deviations & (invalid_utf8 | broken_items)) == 0;
    json_writer out(result.json);
    write_post(out, {.owner = owner,
                     .serial = serial,
                     .revision = changes.revision,
                     .viewer = viewer_of(owner, reader),
                     .now = options_.now,
                     .deviations = deviations});
    return result;
}

statistics responder::stats() const
{
    const std::lock_guard lock(mutex_);
    auto result = stats_;
    result.cached_pages = cache_.pages();
    result.cached_bytes = cache_.bytes();
    return result;
}

std::uint64_t responder::requests(std::string_view account) const
{
    const auto number = known_account(account);
    const std::lock_guard lock(mutex_);
    const auto found = accounts_.find(number);
    return found == accounts_.end() ? 0 : found->second.requests;
}

std::uint64_t responder::requests(std::string_view account, std::string_view identifier) const
{
    std::uint64_t sum = 0;
    for (const auto& page : requests_by_page(account, identifier)) sum += page.requests;
    return sum;
}

std::vector<page_requests> responder::requests_by_page(std::string_view account, std::string_view identifier) const
{
    const auto number = known_account(account);
    const auto profile = known(identifier).index;
    const std::lock_guard lock(mutex_);
    std::vector<std::pair<page_id, page_counts>> found;
    for (const auto& each : pages_)
        if (each.first.account == number && each.first.profile == profile) found.emplace_back(each);
    std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
        const auto& left = a.first.at;
        const auto& right = b.first.at;
        return std::tie(left.page, left.salt, right.place) < std::tie(right.page, right.salt, left.place);
    });
    std::vector<page_requests> result;
    for (const auto& [id, counts] : found) {
        const bool first = id.at == cursor{};
        result.push_back(
            {first ? std::string() : encode(id.at, binding(number, profile)), counts.requests, counts.answered});
    }
    return result;
}

std::vector<logged_request> responder::request_log() const
{
    const std::lock_guard lock(mutex_);
    return log_;
}

void responder::reset_counts()
{
    const std::lock_guard lock(mutex_);
    const auto old = stats_;
    stats_ = {};
    stats_.open_connections = old.open_connections;
    pages_.clear();
    log_.clear();
    for (auto& [number, state] : accounts_) state.requests = 0;
}

void responder::add_posts(std::string_view identifier, std::uint64_t count)
{
    const auto owner = known(identifier);
    const std::lock_guard lock(mutex_);
    change(owner.index).added += count;
}

bool responder::remove_post(std::string_view identifier, std::string_view id)
{
    const auto owner = known(identifier);
    const std::lock_guard lock(mutex_);
    const auto changes = changes_of(owner.index);
    // Ids grow with the serial, so this is a binary search.
    std::uint64_t low = 0, high = owner.posts + changes.added;
    const auto before = [](std::string_view a, std::string_view b) {
        return a.size() != b.size() ? a.size() < b.size() : a < b;
    };
    while (low < high) {
        const auto middle = low + (high - low) / 2;
        if (before(post_id(owner, middle), id))
            low = middle + 1;
        else
            high = middle;
    }
    if (!listing(owner, changes).contains(low) || post_id(owner, low) != id) return false;
    auto& removed = change(owner.index).removed;
    removed.insert(std::lower_bound(removed.begin(), removed.end(), low), low);
    return true;
}

void responder::change_counters(std::string_view identifier)
{
    const auto owner = known(identifier);
    const std::lock_guard lock(mutex_);
    ++change(owner.index).revision;
}

void responder::expire_cursors()
{
    const std::lock_guard lock(mutex_);
    ++generation_;
}

void responder::set_account_error(std::string_view account, std::optional<error_answer> error)
{
    const auto number = known_account(account);
    const std::lock_guard lock(mutex_);
    accounts_[number].error = std::move(error);
}

void responder::set_api_key(std::string key)
{
    const std::lock_guard lock(mutex_);
    api_key_ = std::move(key);
}

void responder::set_faults(std::vector<fault> faults)
{
    auto checked = options_;
    checked.faults = faults;
    validate(checked);
    const std::lock_guard lock(mutex_);
    faults_ = std::make_shared<const std::vector<fault>>(std::move(faults));
    ++faults_version_;
}

}  // namespace unipile::simulator
