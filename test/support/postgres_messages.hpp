// The messages of PostgreSQL's protocol, as far as a proxy has to know them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace unipile::test {

/// Divides a stream into messages. A client's first one has no type.
class message_stream {
public:
    explicit message_stream(bool begins_with_startup) : type_bytes_(begins_with_startup ? 0 : 1) {}

    void add(std::string_view bytes) { held_.append(bytes); }
    /// Takes the next message; empty if it is not whole yet.
    std::string next()
    {
        if (held_.size() < type_bytes_ + 4) return {};
        std::size_t length = 0;
        for (std::size_t i = 0; i < 4; ++i) length = length << 8 | static_cast<unsigned char>(held_[type_bytes_ + i]);
        if (held_.size() < type_bytes_ + length) return {};
        std::string message = held_.substr(0, type_bytes_ + length);
        held_.erase(0, message.size());
        if (type_bytes_ == 0) message.insert(message.begin(), '\0');
        type_bytes_ = 1;
        return message;
    }

private:
    std::size_t type_bytes_;
    std::string held_;
};

/// Passes a client's messages on, as `next()` of a stream gives them. `statement` may change the text of a statement.
inline std::string pass_on(std::string message, const std::function<void(std::string& sql)>& statement)
{
    if (message.front() == '\0') return message.substr(1);
    if (message.front() != 'P') return message;
    const std::size_t begins = message.find('\0', 5) + 1;
    const std::size_t ends = message.find('\0', begins);
    std::string sql = message.substr(begins, ends - begins);
    statement(sql);
    message.replace(begins, ends - begins, sql);
    const std::size_t length = message.size() - 1;
    for (std::size_t i = 0; i < 4; ++i) message[1 + i] = static_cast<char>(length >> (24 - 8 * i) & 0xff);
    return message;
}

/// A statement that fails with this SQLSTATE.
inline std::string failing_statement(const std::string& sqlstate)
{
    if (sqlstate == "57P01") return "SELECT pg_terminate_backend(pg_backend_pid()), pg_sleep(3600)";
    return "DO $$BEGIN RAISE EXCEPTION 'provoked' USING ERRCODE = '" + sqlstate + "'; END$$";
}

}  // namespace unipile::test
