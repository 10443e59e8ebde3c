#include "program/watch/site_connection.hpp"

#include "program/output/call_result.hpp"
#include "program/terminal/json_object.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/status.hpp>

#include <array>
#include <exception>
#include <utility>

namespace unipile::program {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

constexpr std::size_t read_size = 4 * 1024;
/// From its beginning to the end of a request, the pause before it included; and for an answer.
constexpr std::chrono::seconds time_for_request{20}, time_for_answer{20};

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

/// Returns what an answer begins with. No other site may show the page, run it, or read an answer.
std::string header_of(const site_answer& a, bool is_last)
{
    std::string text = "HTTP/1.1 " + std::to_string(a.status) + ' ';
    text += view(http::obsolete_reason(http::int_to_status(a.status)));
    text += "\r\nContent-Type: " + a.type + "\r\nContent-Length: " + std::to_string(a.body.size());
    text +=
        "\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer"
        "\r\nContent-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src data:; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
        "\r\nCross-Origin-Resource-Policy: same-origin\r\nCross-Origin-Opener-Policy: same-origin";
    if (!a.allow.empty()) text += "\r\nAllow: " + a.allow;
    if (a.status == 401) text += "\r\nWWW-Authenticate: Bearer";
    if (is_last) text += "\r\nConnection: close";
    return text + "\r\n\r\n";
}

site_answer refusal(unsigned status)
{
    json_object out;
    out.add_text("error", status == 400 ? "this is no HTTP request" : "the request is too large");
    site_answer a;
    a.status = status;
    a.type = "application/json";
    a.body = out.finish() + '\n';
    return a;
}

unsigned status_of(const error_code& wrong)
{
    if (wrong == http::error::header_limit) return 431;
    return wrong == http::error::body_limit ? 413 : 400;
}

}  // namespace

site_connection::site_connection(asio::ip::tcp::socket socket, std::shared_ptr<site_server::responder> respond)
    : socket_(std::move(socket)), respond_(std::move(respond)), guard_(socket_.get_executor())
{}

void site_connection::start()
{
    asio::co_spawn(socket_.get_executor(), run(shared_from_this()), [](const std::exception_ptr&) {
        // Without memory this connection ends, and the harvest goes on.
    });
}

void site_connection::stop()
{
    error_code ignored;
    socket_.close(ignored);
    guard_.cancel();
}

void site_connection::guard(std::chrono::milliseconds time)
{
    const auto number = ++guard_number_;
    if (time.count() == 0) {
        guard_.cancel();
        return;
    }
    guard_.expires_after(time);
    guard_.async_wait([weak = weak_from_this(), number](const error_code& error) {
        const auto self = weak.lock();
        if (error || !self || number != self->guard_number_) return;
        error_code ignored;
        self->socket_.close(ignored);
    });
}

site_connection::awaitable<> site_connection::run(std::shared_ptr<site_connection> self)
{
    for (bool goes_on = true; goes_on;) {
        self->guard(time_for_request);
        const bool read = co_await self->read_request();
        if (!read && self->refused_ == 0) break;
        site_answer answer;
        if (read)
            answer = co_await self->answer();
        else
            answer = refusal(self->refused_);
        self->guard(time_for_answer);
        const bool is_last = !read || !self->parser_->keep_alive();
        const bool written = co_await self->write(answer, is_last);
        goes_on = written && !is_last;
    }
    self->guard({});
    error_code ignored;
    self->socket_.shutdown(asio::socket_base::shutdown_both, ignored);
    self->socket_.close(ignored);
}

/// Returns false if there is none, or one that can't be read.
site_connection::awaitable<bool> site_connection::read_request()
{
    parser_.emplace();
    parser_->header_limit(site_server::longest_header);
    parser_->body_limit(site_server::longest_body);
    parser_->eager(true);
    while (!parser_->is_done()) {
        error_code wrong;
        if (buffer_.size() > 0) buffer_.consume(parser_->put(buffer_.data(), wrong));
        if (wrong && wrong != http::error::need_more) {
            refused_ = status_of(wrong);
            co_return false;
        }
        if (parser_->is_done()) break;
        const auto space = buffer_.prepare(read_size);
        const auto result = co_await socket_.async_read_some(space, as_result);
        if (std::get<0>(result)) co_return false;
        buffer_.commit(std::get<1>(result));
    }
    co_return true;
}

site_request site_connection::request_view() const
{
    const auto& message = parser_->get();
    site_request r;
    r.method = view(message.method_string());
    r.target = view(message.target());
    r.host = view(message[http::field::host]);
    r.authorization = view(message[http::field::authorization]);
    r.content_type = view(message[http::field::content_type]);
    return r;
}

site_connection::awaitable<site_answer> site_connection::answer()
{
    const site_request request = request_view();
    std::string body = std::move(parser_->get().body());
    auto answering = (*respond_)(request, std::move(body));
    co_return co_await std::move(answering);
}

site_connection::awaitable<bool> site_connection::write(const site_answer& a, bool is_last)
{
    const std::string header = header_of(a, is_last);
    const bool has_body = parser_->get().method() != http::verb::head;
    const std::array<asio::const_buffer, 2> buffers{asio::buffer(header),
                                                    has_body ? asio::buffer(a.body) : asio::const_buffer{}};
    const auto result = co_await asio::async_write(socket_, buffers, as_result);
    co_return !std::get<0>(result);
}

}  // namespace unipile::program
