#include "program/output/blocking_output.hpp"

#include "program/output/group_sync.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>

#include <exception>
#include <system_error>

namespace unipile::program {
namespace {

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
    : path_(is_standard_output(path) ? std::string{} : path),
      writer_(open_output(context_.get_executor(), path, option))
{}

void blocking_output::check(const boost::system::error_code& ec) const
{
    if (ec) throw std::system_error{ec, (path_.empty() ? "standard output" : path_) + " can't be written"};
}

bool blocking_output::finish(bool to_disk)
{
    const bool written = flush();
    if (to_disk)
        if (auto sync = disk_sync(writer_.descriptor(), path_)) check((*sync)());
    check(writer_.close());
    return written;
}

bool blocking_output::pass_on(std::string_view lines)
{
    boost::system::error_code result;
    const auto keep = [&result](const std::exception_ptr& error, boost::system::error_code ec) {
        if (error) std::rethrow_exception(error);
        result = ec;
    };
    boost::asio::co_spawn(context_, writer_.write(lines), keep);
    context_.restart();
    context_.run();
    if (result == boost::asio::error::broken_pipe) return false;
    check(result);
    return true;
}

}  // namespace unipile::program
