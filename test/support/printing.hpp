// How checks print what has no operator<<: enums by their names, error codes with their words, times and durations as
// numbers.
#pragma once

#include <boost/system/error_code.hpp>
#include <boost/test/test_tools.hpp>

#include <chrono>
#include <concepts>
#include <optional>
#include <ostream>
#include <type_traits>

namespace unipile::test {

template <class T>
concept prints_itself = requires(std::ostream& out, const T& value) { out << value; };
template <class T>
concept has_name = std::is_enum_v<T> && requires(T value) {
    { to_string(value) } -> std::convertible_to<const char*>;
};

template <class T>
void print(std::ostream& out, const T& value);

template <class T>
void print(std::ostream& out, const std::optional<T>& value)
{
    if (!value)
        out << "nothing";
    else
        print(out, *value);
}
template <class Rep, class Period>
void print(std::ostream& out, const std::chrono::duration<Rep, Period>& value)
{
    out << std::chrono::duration<double>(value).count() << " s";
}
template <class Clock, class Duration>
void print(std::ostream& out, const std::chrono::time_point<Clock, Duration>& value)
{
    print(out, value.time_since_epoch());
}
template <class T>
void print(std::ostream& out, const T& value)
{
    if constexpr (prints_itself<T>)
        out << value;
    else if constexpr (boost::system::is_error_code_enum<T>::value)
        out << static_cast<int>(value) << " (" << make_error_code(value).message() << ')';
    else if constexpr (has_name<T>)
        out << to_string(value);
    else if constexpr (std::is_enum_v<T>)
        out << +static_cast<std::underlying_type_t<T>>(value);
    else
        out << "an object of " << sizeof(T) << " bytes";
}

}  // namespace unipile::test

template <class T>
    requires(!unipile::test::prints_itself<T>)
struct boost::test_tools::tt_detail::print_log_value<T> {
    void operator()(std::ostream& out, const T& value) { unipile::test::print(out, value); }
};
