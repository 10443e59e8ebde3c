#include "program/output/blocking_output.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>

#include <exception>
#include <system_error>

namespace unipile::program {
namespace {

constexpr std::size_t piece = 64 * 1024;

bool is_standard_output(const std::string& path) { return path.empty() || path == "-"; }

block_writer open_output(const boost::asio::any_io_executor& executor, const std::string& path, const char* option)
{
    if (is_standard_output(path)) return block_writer{executor};
    try {
        return block_writer{executor, path, false};
    } catch (const std::system_error& e) {
        refuse_output(option, path, e.code());
    }
}

}  // namespace

blocking_output::blocking_output(const std::string& path, const char* option)
    : name_(is_standard_output(path) ? "standard output" : path),
      writer_(open_output(context_.get_executor(), path, option))
{}

void blocking_output::check(const boost::system::error_code& ec) const
{
    if (ec) throw std::system_error{ec, name_ + " can't be written"};
}

bool blocking_output::collected_more() { return pending_.size() < piece ? !reader_gone_ : flush(); }

bool blocking_output::finish()
{
    const bool written = flush();
    check(writer_.close());
    return written;
}

bool blocking_output::flush()
{
    if (reader_gone_) return false;
    boost::system::error_code result;
    const auto keep = [&result](const std::exception_ptr& error, boost::system::error_code ec) {
        if (error) std::rethrow_exception(error);
        result = ec;
    };
    boost::asio::co_spawn(context_, writer_.write(pending_), keep);
    context_.restart();
    context_.run();
    pending_.clear();
    reader_gone_ = result == boost::asio::error::broken_pipe;
    if (!reader_gone_) check(result);
    return !reader_gone_;
}

}  // namespace unipile::program
