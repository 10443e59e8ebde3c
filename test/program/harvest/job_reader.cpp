#include "program/harvest/job_reader.hpp"

#include <boost/test/unit_test.hpp>

#include <ios>
#include <sstream>
#include <stdexcept>
#include <streambuf>
#include <string>
#include <utility>
#include <vector>

using unipile::program::job_defaults;
using unipile::program::job_line;
using unipile::program::job_reader;
using unipile::program::job_reading;

namespace {

std::vector<job_reading> read(const std::string& text, job_defaults defaults = {})
{
    std::istringstream in{text};
    job_reader reader{in, std::move(defaults)};
    std::vector<job_reading> all;
    while (auto r = reader.next()) all.push_back(std::move(*r));
    return all;
}

void check_job(const job_reading& r, const job_line& expected)
{
    BOOST_TEST_REQUIRE(r.job.has_value(), "line " << r.number << ": " << r.complaint);
    BOOST_TEST(r.job->account == expected.account);
    BOOST_TEST(r.job->identifier == expected.identifier);
    BOOST_TEST(r.job->is_company == expected.is_company);
}

/// A file on a disk that fails behind the first bytes.
class failing_file : public std::streambuf {
public:
    explicit failing_file(std::string text) : text_(std::move(text))
    {
        setg(text_.data(), text_.data(), text_.data() + text_.size());
    }

protected:
    int_type underflow() override { throw std::ios_base::failure{"error reading the file"}; }

private:
    std::string text_;
};

std::string refusal(const std::string& text)
{
    try {
        read(text);
    } catch (const std::invalid_argument& e) {
        return e.what();
    }
    return {};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(job_files)

BOOST_AUTO_TEST_CASE(csv_columns_come_in_any_order_and_with_any_usual_separator)
{
    for (const char s : {',', ';', '\t'}) {
        std::string text =
            "note|Identifier|company|ACCOUNT\nx|ACo1|false|acc1\r\n\n  \ny|\"12345\"|true|\"a\"\"b\"\nz|ACo2\n";
        for (char& c : text)
            if (c == '|') c = s;
        const auto all = read("\xef\xbb\xbf" + text, {"fallback", false});
        BOOST_TEST_REQUIRE(all.size() == 3u);
        check_job(all[0], {"acc1", "ACo1", false});
        check_job(all[1], {"a\"b", "12345", true});
        check_job(all[2], {"fallback", "ACo2", false});
        BOOST_TEST(all[0].number == 2u);
        BOOST_TEST(all[1].number == 5u);
        BOOST_TEST(all[2].number == 6u);
    }
}

BOOST_AUTO_TEST_CASE(quoted_values_hold_separators)
{
    const auto all = read("account,identifier\n \"a,1\" , \"x\"\n\"open,x\n\"a\"b,x\n");
    BOOST_TEST_REQUIRE(all.size() == 3u);
    check_job(all[0], {"a,1", "x", false});
    BOOST_TEST(!all[1].job);
    BOOST_TEST(all[1].raw == "\"open,x");
    BOOST_TEST(!all[2].job);
}

BOOST_AUTO_TEST_CASE(a_value_may_have_line_breaks)
{
    const auto all = read(
        "account,identifier,note\na,x,\"wants\n\na \"\"call\"\" "
        "back\"\r\na,y,\"one\ra,no,\"\na,z,plain\n\"a\nb\",w,\n");
    BOOST_TEST_REQUIRE(all.size() == 4u);
    check_job(all[0], {"a", "x", false});
    check_job(all[1], {"a", "y", false});
    check_job(all[2], {"a", "z", false});
    BOOST_TEST(all[0].number == 2u);
    BOOST_TEST(all[1].number == 5u);
    BOOST_TEST(all[2].number == 7u);
    BOOST_TEST(all[3].number == 8u);
    BOOST_TEST(all[3].complaint.find("control characters") != std::string::npos);
    BOOST_TEST(all[3].raw == "\"a\nb\",w,");
}

BOOST_AUTO_TEST_CASE(an_open_quote_spoils_its_own_record_only)
{
    const std::string header = "account,identifier,note\n";
    // What follows has no quote, is too long to belong to it, or has one where a value begins.
    for (const std::string& rest :
         {std::string{"a,y,\na,z,\n"}, std::string{"a,y,\"good\"\na,z,\n"}, std::string{"\"a\",y,\na,z,\n"},
          "a,y,\na,z," + std::string(job_reader::longest_line, 'x') + "\n"}) {
        const auto all = read(header + "a,x,\"open\n" + rest);
        BOOST_TEST_REQUIRE(all.size() == 3u);
        BOOST_TEST(all[0].complaint.find("quote") != std::string::npos);
        BOOST_TEST(all[0].raw == "a,x,\"open");
        check_job(all[1], {"a", "y", false});
        BOOST_TEST(all[1].number == 3u);
        BOOST_TEST(all[2].number == 4u);
    }
    // The rest of a note is no job, whatever it looks like.
    const auto note = read(header + "a,x,\"he said\na,no,\nthat\" he wants\na,y,\n");
    BOOST_TEST_REQUIRE(note.size() == 2u);
    BOOST_TEST(!note[0].job);
    BOOST_TEST(note[0].raw == "a,x,\"he said\na,no,\nthat\" he wants");
    check_job(note[1], {"a", "y", false});
    BOOST_TEST(note[1].number == 5u);
}

BOOST_AUTO_TEST_CASE(columns_without_a_meaning_are_known)
{
    std::istringstream in{"Account,Pace,identifier,,\"City, Country\",is_company\na,1/day,x\n"};
    const job_reader reader{in, {}};
    BOOST_TEST(reader.unused_columns() == (std::vector<std::string>{"Pace", "City, Country"}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(two_columns_with_one_meaning_are_refused)
{
    for (const auto& [first, second] : {std::pair{"account", "account"},
                                        {"account", "account_id"},
                                        {"identifier", "Identifier"},
                                        {"company", "is_company"}}) {
        const std::string header = std::string("account,identifier,") + first + "," + second + "\na,x,b,y\n";
        std::string complaint;
        try {
            read(header);
        } catch (const std::invalid_argument& e) {
            complaint = e.what();
        }
        BOOST_TEST(complaint.starts_with("the jobs file has two columns with the same meaning: "), complaint);
        BOOST_TEST(complaint.ends_with("; remove one"), complaint);
    }
}

BOOST_AUTO_TEST_CASE(spreadsheets_of_other_languages_are_read)
{
    const auto all = read("sep=;\nAccount;Identifier;Company\na;1441;WAHR\na;x,;FALSCH\na;ACo1;falsch\n");
    BOOST_TEST_REQUIRE(all.size() == 3u);
    check_job(all[0], {"a", "1441", true});
    BOOST_TEST(all[0].number == 3u);
    BOOST_TEST(!all[1].job);
    check_job(all[2], {"a", "ACo1", false});
    BOOST_TEST(read("sep=;").empty());
}

BOOST_AUTO_TEST_CASE(ndjson_takes_the_names_of_the_api_too)
{
    const auto all = read(R"({"account":"a","identifier":"x"}
{"account_id":"b","identifier":1441,"is_company":true}
{"identifier":"77","company":"yes"}
{"identifier":
[]
{"identifier":["z"]}
{"identifier":"z","company":"perhaps"}
)",
                          {"d", false});
    BOOST_TEST_REQUIRE(all.size() == 7u);
    check_job(all[0], {"a", "x", false});
    check_job(all[1], {"b", "1441", true});
    check_job(all[2], {"d", "77", true});
    for (std::size_t i = 3; i < 7; ++i) {
        BOOST_TEST(!all[i].job);
        BOOST_TEST(!all[i].complaint.empty());
    }
}

BOOST_AUTO_TEST_CASE(plain_identifiers_need_an_account)
{
    const auto all = read("# companies\n12\n\n  13  \n# more\n", {"acc", true});
    BOOST_TEST_REQUIRE(all.size() == 2u);
    check_job(all[0], {"acc", "12", true});
    check_job(all[1], {"acc", "13", true});
    BOOST_TEST(refusal("ACo1\nACo2\n").find("--account") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_table_is_no_list_of_plain_identifiers)
{
    for (const char* first : {"profile_id,name,city", "id;name", "id\tname", "\"id\"", "Some Name"}) {
        const std::string text = std::string{"# note\n"} + first + "\nACo1,Some Name,Berlin\n";
        std::istringstream in{text};
        BOOST_CHECK_EXCEPTION(job_reader(in, {"acc", false}), std::invalid_argument, [](const auto& e) {
            return std::string{e.what()}.find("account,identifier,company") != std::string::npos;
        });
    }
    const auto all = read("ACo1\nACo2,Some Name,Berlin\nACo3\n", {"acc", false});
    BOOST_TEST_REQUIRE(all.size() == 3u);
    BOOST_TEST(all[1].complaint.find("commas") != std::string::npos);
    check_job(all[2], {"acc", "ACo3", false});
}

BOOST_AUTO_TEST_CASE(files_that_cannot_be_jobs_are_refused_with_what_to_write)
{
    BOOST_TEST(refusal("name,url\na,b\n").find("identifier") != std::string::npos);
    BOOST_TEST(refusal("identifier\nACo1\n").find("account") != std::string::npos);
    BOOST_TEST(refusal("\"identifier\n").find("header") != std::string::npos);
    BOOST_TEST(refusal("name,url\na,b\n").find("it has: name, url") != std::string::npos);
    BOOST_TEST(refusal(std::string("a\0c\0", 4)).find("UTF-8") != std::string::npos);
    BOOST_TEST(refusal("PK\x03\x04\x14").find("spreadsheet") != std::string::npos);
    BOOST_TEST(refusal("").empty());
    BOOST_TEST(refusal("\n \n").empty());
}

BOOST_AUTO_TEST_CASE(bad_lines_are_told_with_their_number_and_the_others_go_on)
{
    const std::string text =
        "account,identifier,company\n,x,\na,,\na,x,perhaps\na,https://example.org/in/x,\na,x\x01,\na,ok,\n" +
        std::string(job_reader::longest_line + 1, 'x') + "\na,99,1";
    const auto all = read(text);
    BOOST_TEST_REQUIRE(all.size() == 8u);
    for (std::size_t i = 0; i < 8; ++i) {
        BOOST_TEST(all[i].number == i + 2);
        BOOST_TEST(all[i].job.has_value() == (i == 5 || i == 7));
        BOOST_TEST(all[i].complaint.empty() == (i == 5 || i == 7));
    }
    BOOST_TEST(all[6].raw.size() == job_reader::longest_line);
    check_job(all[7], {"a", "99", true});
}

BOOST_AUTO_TEST_CASE(lines_end_as_on_any_system)
{
    for (const std::string end : {"\n", "\r\n", "\r"}) {
        const auto all = read("account,identifier" + end + "a,x" + end + end + "a,y" + end);
        BOOST_TEST_REQUIRE(all.size() == 2u);
        check_job(all[0], {"a", "x", false});
        check_job(all[1], {"a", "y", false});
        BOOST_TEST(all[0].number == 2u);
        BOOST_TEST(all[1].number == 4u);
    }
    const auto mixed = read("# people\rx\r\n\ny\n\rz", {"a", false});
    BOOST_TEST_REQUIRE(mixed.size() == 3u);
    BOOST_TEST(mixed[0].number == 2u);
    BOOST_TEST(mixed[1].number == 4u);
    BOOST_TEST(mixed[2].number == 6u);
}

BOOST_AUTO_TEST_CASE(the_header_once_more_is_no_job)
{
    const std::string bom = "\xef\xbb\xbf";
    const auto all =
        read(bom + "Account,identifier,company\na,5,1\n" + bom + "account, \"Identifier\",company\na,6,1\n" +
             "identifier,account\nz,b\naccount,identifier,company\nb,z,\n");
    BOOST_TEST_REQUIRE(all.size() == 5u);
    check_job(all[0], {"a", "5", true});
    check_job(all[1], {"a", "6", true});
    BOOST_TEST(all[1].number == 4u);
    BOOST_TEST(all[2].number == 5u);
    BOOST_TEST(all[2].complaint.find("other columns") != std::string::npos);
    BOOST_TEST(all[2].raw == "identifier,account");
    BOOST_TEST(all[3].complaint.find("other columns") != std::string::npos);
    check_job(all[4], {"b", "z", false});

    const auto one_column = read("identifier\nx\nIDENTIFIER\naccount\n", {"a", false});
    BOOST_TEST_REQUIRE(one_column.size() == 2u);
    check_job(one_column[1], {"a", "account", false});
    // Somebody on Instagram may be called so.
    const auto called_so = read("account,identifier\na,identifier\n");
    BOOST_TEST_REQUIRE(called_so.size() == 1u);
    check_job(called_so[0], {"a", "identifier", false});
}

BOOST_AUTO_TEST_CASE(what_is_not_utf8_is_a_bad_line)
{
    for (const std::string bad : {"M\xfcller", "\xc3", "\xed\xa0\x80", "\xc0\xaf"}) {
        const auto all = read("account,identifier,note\na," + bad + ",\n" + bad + ",x,\na,M\xc3\xbcller," + bad + "\n");
        BOOST_TEST_REQUIRE(all.size() == 3u);
        for (std::size_t i : {0u, 1u}) {
            BOOST_TEST(all[i].number == i + 2);
            BOOST_TEST(all[i].complaint.find("UTF-8") != std::string::npos);
        }
        check_job(all[2], {"a", "M\xc3\xbcller", false});
        BOOST_TEST(!read(bad + '\n', {"a", false}).at(0).job);
        BOOST_TEST(!read(R"({"account":"a","identifier":")" + bad + "\"}\n").at(0).job);
    }
}

BOOST_AUTO_TEST_CASE(a_file_that_fails_is_not_a_file_that_ends)
{
    failing_file file{"account,identifier\na,x\na,y"};
    std::istream in{&file};
    job_reader reader{in, {}};
    const auto first = reader.next();
    BOOST_TEST_REQUIRE(first.has_value());
    check_job(*first, {"a", "x", false});
    BOOST_CHECK_THROW(reader.next(), std::runtime_error);
}

BOOST_AUTO_TEST_CASE(the_header_is_kept_for_rejected_lines)
{
    std::istringstream in{"account;identifier\r\na;x\r\n"};
    job_reader reader{in, {}};
    BOOST_TEST(reader.header() == "account;identifier");
}

BOOST_AUTO_TEST_CASE(columns_may_have_names_of_their_own)
{
    const job_defaults named{"", false, unipile::program::job_columns{"identifier=Profile ID, account=owner"}};
    for (const char* text : {"Owner;profile id;identifier\nacc1;ACo1;other\nowner;profile id;identifier\nacc1;ACo1;\n",
                             "sep=|\nOwner|Profile id|identifier\nacc1|ACo1|other\nacc1|ACo1|x",
                             "{\"owner\":\"acc1\",\"profile id\":\"ACo1\",\"account\":\"x\",\"identifier\":\"y\"}\n"
                             "{\"Owner\":\"acc1\",\"Profile ID\":\"ACo1\",\"company\":null}"}) {
        const auto all = read(text, named);
        BOOST_TEST_REQUIRE(all.size() == 2u);
        for (const job_reading& r : all) check_job(r, {"acc1", "ACo1", false});
    }
    std::istringstream in{"owner,profile id,identifier,colour\n"};
    const job_reader reader{in, named};
    BOOST_TEST(reader.unused_columns() == (std::vector<std::string>{"identifier", "colour"}),
               boost::test_tools::per_element());
    BOOST_CHECK_EXCEPTION(read("account,identifier\na,b\n", named), std::invalid_argument, [](const auto& e) {
        return std::string{e.what()} ==
               "the jobs file has no column \"owner\" (it has: account, identifier); correct --columns";
    });
    // Also one that may be missing otherwise, and where an account is given.
    for (const char* columns : {"company=firm", "account=owner"})
        BOOST_CHECK_THROW(read("identifier\nb\n", {"acc", false, unipile::program::job_columns{columns}}),
                          std::invalid_argument);
}

BOOST_AUTO_TEST_SUITE_END()
