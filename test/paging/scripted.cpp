#include "scripted.hpp"

#include "http/transport.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <utility>

namespace unipile::test {

namespace asio = boost::asio;
using asio::awaitable;

class scripted_exchange final : public http::exchange {
public:
    explicit scripted_exchange(std::shared_ptr<scripted_transport> owner) : owner_(std::move(owner))
    {
        owner_->most = std::max(owner_->most, ++owner_->alive);
    }
    ~scripted_exchange() override { --owner_->alive; }

    awaitable<http::response_head> get(std::string target) override
    {
        const auto number = owner_->requests.size();
        owner_->requests.push_back(parse(target));
        answer_ = owner_->script_(number, owner_->requests.back());
        co_await asio::post(owner_->executor(), asio::use_awaitable);
        if (answer_.waits) co_await hang();
        if (answer_.not_sent) throw failure(*answer_.not_sent);
        times_sent_ = answer_.times_sent;
        if (answer_.foreign) throw boost::system::system_error(answer_.foreign);
        if (answer_.no_answer) throw failure(answer_.silence);
        heard_ = true;
        http::response_head head;
        head.status = answer_.status;
        head.fields.retry_after = answer_.retry_after.value_or(std::string());
        head.fields.date = answer_.date.value_or(std::string());
        head.fields.request_id = answer_.request_id;
        co_return head;
    }

    awaitable<std::string_view> read_some() override
    {
        co_await turn();
        const auto end = std::min(answer_.body.size(), answer_.break_at);
        if (at_ == end) {
            if (answer_.hang) co_await hang();
            if (answer_.break_at != whole) throw failure(errc::connection_lost);
            ++owner_->finished;
            co_return std::string_view();
        }
        const auto n = std::min(answer_.chunk ? answer_.chunk : end, end - at_);
        const auto piece = std::string_view(answer_.body).substr(at_, n);
        at_ += n;
        co_return piece;
    }

    std::uint64_t wire_bytes() const noexcept override { return at_; }
    unsigned times_sent() const noexcept override { return times_sent_; }
    bool heard() const noexcept override { return heard_; }

private:
    static asked parse(const std::string& target)
    {
        std::vector<std::string> parts(1);
        for (const char c : target)
            if (c == '|')
                parts.emplace_back();
            else
                parts.back().push_back(c);
        return {
            .identifier = parts.at(0), .account = parts.at(1), .cursor = parts.at(3), .limit = std::stoi(parts.at(2))};
    }

    awaitable<void> turn()
    {
        if (!answer_.at_once) co_await asio::post(owner_->executor(), asio::use_awaitable);
    }
    awaitable<void> hang()
    {
        asio::steady_timer never(owner_->executor(), asio::steady_timer::time_point::max());
        co_await never.async_wait(asio::use_awaitable);
    }

    std::shared_ptr<scripted_transport> owner_;
    answer answer_;
    std::size_t at_ = 0;
    unsigned times_sent_ = 0;
    bool heard_ = false;
};

scripted_transport::scripted_transport(asio::any_io_executor executor, script s)
    : executor_(std::move(executor)), script_(std::move(s))
{}

std::string scripted_transport::target(std::string_view identifier, std::string_view account_id, int limit, bool,
                                       std::string_view cursor) const
{
    std::string t(identifier);
    t.append("|").append(account_id).append("|").append(std::to_string(limit)).append("|").append(cursor);
    return t;
}

std::unique_ptr<http::exchange> scripted_transport::open(std::shared_ptr<const http::request_settings> s)
{
    settings.push_back(std::move(s));
    return std::make_unique<scripted_exchange>(std::static_pointer_cast<scripted_transport>(shared_from_this()));
}

scripted_client::scripted_client(asio::any_io_executor ex, script s, client_options options)
    : executor(std::move(ex)),
      transport(std::make_shared<scripted_transport>(executor, std::move(s))),
      core(std::make_shared<paging::client_core>(std::move(options), transport))
{}

post_stream scripted_client::posts(posts_query query, const position& from, const call_options& options)
{
    auto stream = std::make_shared<paging::stream_core>(core, core->settings(options), std::move(query), from);
    core->add(*stream);
    return detail::access::make<post_stream>(executor, std::move(stream));
}

std::string item(std::string_view id, std::optional<int> minutes)
{
    std::string json = R"({"object":"Post","provider":"LINKEDIN","id":")" + std::string(id) + R"(","text":"Hello")";
    if (minutes) {
        // 2025-06-01T12:00Z less so many minutes, of one day at most.
        const int left = 12 * 60 + 24 * 60 - *minutes;
        const auto two = [](int n) { return std::string(n < 10 ? "0" : "") + std::to_string(n); };
        json += R"(,"parsed_datetime":"2025-0)" + std::string(left >= 24 * 60 ? "6-01" : "5-31") + "T" +
                two(left / 60 % 24) + ":" + two(left % 60) + R"(:00.000Z")";
    }
    return json + "}";
}

std::string item(std::size_t number) { return item(std::to_string(number)); }

std::string page(const std::vector<std::string>& items, std::string_view cursor)
{
    std::string json = R"({"object":"PostList","items":[)";
    for (std::size_t i = 0; i != items.size(); ++i) json.append(i ? "," : "").append(items[i]);
    return json + R"(],"cursor":)" + std::string(cursor) + R"(,"paging":{"page_count":1}})";
}

std::string page(std::size_t first, std::size_t last, std::string_view cursor)
{
    std::vector<std::string> items;
    for (auto n = first; n < last; ++n) items.push_back(item(n));
    return page(items, cursor);
}

answer plain_listing(const asked& request, std::size_t total, std::size_t size)
{
    const auto number = request.cursor.empty() ? 0 : std::stoul(request.cursor.substr(1));
    const auto first = number * size;
    const auto last = std::min(total, first + size);
    const auto next = last == total ? std::string("null") : "\"c" + std::to_string(number + 1) + "\"";
    return {.body = page(first, last, next)};
}

script plain_listing(std::size_t total, std::size_t size)
{
    return [=](std::size_t, const asked& request) { return plain_listing(request, total, size); };
}

answer refusal(unsigned status, std::string_view type, std::optional<std::string> retry_after)
{
    std::string body(R"({"status":)");
    body.append(std::to_string(status)).append(R"(,"type":"errors/)").append(type);
    answer a;
    a.status = status;
    a.body = std::move(body.append(R"(","title":"Some title"})"));
    a.retry_after = std::move(retry_after);
    return a;
}

client_options impatient()
{
    client_options options;
    options.retry.base_delay = options.retry.max_delay = options.retry.slow_delay = std::chrono::milliseconds(0);
    options.retry.seed = 1;
    return options;
}

deadlines patient() noexcept
{
    constexpr std::chrono::hours day{24};
    return {.resolve = day, .connect = day, .handshake = day, .first_byte = day, .stall = day, .request = day};
}

awaitable<void> drain(post_stream& stream, outcome& out)
{
    try {
        while (auto p = co_await stream.next()) out.ids.emplace_back(p->id());
    } catch (const failure& f) {
        out.failed = f;
    }
    out.reason = stream.end_reason();
}

std::vector<std::string> numbers(std::size_t first, std::size_t last)
{
    std::vector<std::string> ids;
    for (auto n = first; n < last; ++n) ids.push_back(std::to_string(n));
    return ids;
}

}  // namespace unipile::test
