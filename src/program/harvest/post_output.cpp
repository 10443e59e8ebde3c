#include "program/harvest/post_output.hpp"

#include "program/output/minify.hpp"
#include "program/posts/report.hpp"
#include "program/terminal/safe_text.hpp"

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <system_error>
#include <utility>

namespace unipile::program {

namespace asio = boost::asio;
using boost::system::error_code;

post_output::post_output(asio::io_context& context, const std::string& file, steps what)
    : file_(file), steps_(std::move(what))
{
    const std::string name = file == "-" ? std::string{} : file;
    try {
        if (name.empty())
            output_.emplace(context.get_executor());
        else
            output_.emplace(context.get_executor(), name, true, steps_.keeps_going);
    } catch (const std::system_error& e) {
        refuse_output("--ndjson", name, e.code());
    }
    if (auto sync = disk_sync(output_->descriptor(), name)) sync_.emplace(context.get_executor(), std::move(*sync));
}

void post_output::watch_reader()
{
    output_->on_reader_gone([this] {
        reader_gone_ = true;
        steps_.stop();
    });
}

asio::awaitable<void> post_output::write(std::span<const post> posts)
{
    error_code ec = asio::error::broken_pipe;
    if (!is_lost()) {
        std::string lines;
        std::string copy;
        for (const post& p : posts) append_json_line(lines, p.valid_json(copy), output_->is_terminal());
        ec = co_await output_->write(lines);
        // Otherwise a loss of power could lose lines of pages that are stored.
        if (!ec && sync_) ec = co_await sync_->sync();
        if (ec) fail(ec);
    }
    if (ec) throw boost::system::system_error(ec);
}

void post_output::close()
{
    if (const error_code ec = output_->close(); ec) failed_ = true;
}

std::string post_output::name() const { return file_ == "-" ? "standard output" : printable(file_); }

void post_output::fail(error_code code)
{
    if (is_lost()) return;
    if (code == asio::error::broken_pipe) {
        reader_gone_ = true;
    } else if (code == asio::error::operation_aborted) {
        failed_ = true;
        steps_.say("unipile: the reader of " + name() +
                   " did not take the last lines; they come again with the same command");
    } else {
        failed_ = true;
        steps_.say("unipile: " + name() + " can't be written: " + code.message() +
                   "; what is not in it is not stored, and comes again with the same command");
    }
    steps_.stop();
}

}  // namespace unipile::program
