#include "page_corpus.hpp"

namespace unipile::test {

std::string_view full_linkedin_post()
{
    return R"({"object":"Post","provider":"LINKEDIN","id":"7267181480187412480","social_id":"urn:li:activity:7267181480187412481",)"
           R"("share_url":"https:\/\/www.linkedin.com\/posts\/x?rcm=1","title":"A title","text":"Line 1\nLine \"2\"\t\u00e9 é \ud83d\ude80 🚀",)"
           R"("date":"3d","parsed_datetime":"2024-11-26T10:11:12.345Z","reaction_counter":12,"comment_counter":4.0,)"
           R"("repost_counter":1e3,"impressions_counter":0,)"
           R"("author":{"public_identifier":"jane","id":"ACoAAA1","name":"Jane Doe","is_company":false,"headline":"CEO","profile_picture_url":"https://p/1"},)"
           R"("written_by":{"id":"w1","public_identifier":"joe","name":"Joe"},)"
           R"("permissions":{"can_react":true,"can_share":false,"can_post_comments":true},)"
           R"("is_repost":true,"repost_id":"7000000000000000000","reposted_by":{"public_identifier":null,"id":null,"name":null,"is_company":true},)"
           R"("repost_content":{"id":"1","date":"1w","parsed_datetime":"2024-11-01T00:00:00.000Z","text":"orig\\inal","author":{"public_identifier":"o","id":"2","name":"O","is_company":true}},)"
           R"("attachments":[)"
           R"({"id":"a1","file_size":123,"unavailable":false,"mimetype":"image\/png","url":"https://u/1","url_expires_at":1735171200000,"type":"img","size":{"width":10,"height":20},"sticker":false},)"
           R"({"type":"video","id":"a2","unavailable":true,"size":{"width":1,"height":2},"gif":true},)"
           R"({"id":"a3","unavailable":false,"duration":1.5,"voice_note":true,"type":"audio"},)"
           R"({"id":"a4","unavailable":false,"type":"file","file_name":"r\u00e9sum\u00e9.pdf"},)"
           R"({"id":"a5","unavailable":false,"type":"linkedin_post"},)"
           R"({"id":"a6","unavailable":false,"type":"video_meeting","starts_at":1,"expires_at":null,"time_range":2.25},)"
           R"({"hologram":{"depth":[1,2,[3]]},"type":"hologram"}],)"
           R"("poll":{"id":"p","total_votes_count":3,"question":"Why?","is_open":true,"options":[{"id":"o1","text":"A","win":true,"votes_count":2},{"id":"o2","text":"B","win":false,"votes_count":1}]},)"
           R"("group":{"id":"g","name":"Group","private":true},)"
           R"("analytics":{"impressions":1,"engagements":2,"engagement_rate":0.125,"clicks":3,"clickthrough_rate":2.5e-1,"page_viewers_from_this_post":4,"followers_gained_from_this_post":5,"members_reached":6},)"
           R"("mentions":[{"url":"https://m/1","start":0,"length":5},{"url":"https://m/2","start":6,"length":7}],)"
           R"("article":{"id":"ar","url":"https://ar","title":"T","author":"Au","picture_url":"https://pi","published_at":"2024"},)"
           R"("repost_parsed_datetime":"2024-11-25T00:00:00.000Z","user_reacted":"LIKE",)"
           R"("some_new_field":{"nested":[{"deeper":[true,false,null,-1.5e+10,"\u20ac"]},[],{}],"empty":""}})";
}

std::string_view full_instagram_post()
{
    return R"({"provider_id":"3501234567890","has_audio":true,"has_liked":false,"like_count":10,"comment_count":2,)"
           R"("like_and_view_counts_disabled":false,"comments_disabled":null,"accessibility_caption":null,)"
           R"("caption":{"edited":false,"has_translation":true,"created_at":1700000000,"text":"caption \ud83d\ude00"},)"
           R"("video":{"url":"https://v","width":1080,"height":1920},"preview_image":{"url":"https://i","width":1,"height":2},)"
           R"("owner":{"id":"ow","username":"user","profile_pic_url":"https://pp","is_verified":true,"is_private":false},)"
           R"("location":{"name":"Paris","lat":48.8566,"lng":2.3522},"new":1,"object":"Post","provider":"INSTAGRAM"})";
}

const std::vector<std::string_view>& deviating_items()
{
    static const std::vector<std::string_view> items{
        R"({"provider":"LINKEDIN"})",
        R"({"provider":"INSTAGRAM","object":"Post"})",
        R"({"provider":"MASTODON","object":"Post","id":"1","text":5})",
        R"({"provider":null,"object":null})",
        R"({"provider":5,"object":"Pist"})",
        R"({"provider":"LINKEDIN","id":7267181480187412480,"reaction_counter":"4","comment_counter":"x","repost_counter":4.5,"impressions_counter":1e400})",
        R"({"provider":"LINKEDIN","reaction_counter":true,"comment_counter":[1,{"a":[]}],"is_repost":1,"text":{"a":1},"title":null,"author":"x","attachments":{},"permissions":[]})",
        R"({"provider":"LINKEDIN","is_repost":"true","author":{"is_company":2},"poll":{"options":[null,1,{"id":null}]},"group":{"private":"no"}})",
        R"({"provider":"LINKEDIN","id":"1","id":"2","text":"a","text":null,"author":{"id":"1","id":"2"},"text":"c"})",
        R"({"provider":"LINKEDIN","text":"lone \ud800 and \udc00 and \ud800\u0041 and \ud800\ud83d\ude00","\udfff":"x","y":["\ud800"]})",
        "{\"provider\":\"LINKEDIN\",\"text\":\"bad \xff\xc0\x80 utf8 \\n \xe2\x82 end\",\"z\":\"\xfe\"}",
        R"({"provider":"LINKEDIN","id":"","parsed_datetime":"yesterday"})",
        R"({"provider":"LINKEDIN","id":"7267181480187412480","parsed_datetime":"2024-02-30T00:00:00Z"})",
        R"({"provider":"LINKEDIN","attachments":[{"type":"img","size":{"height":"150","width":null}},{"type":"img"},{},{"type":null},[],"x"]})",
        R"({"provider":"LINKEDIN","attachments":[{"type":"video_meeting"},{"type":"file"},{"type":"audio"},{"type":"video"},{"type":"linkedin_post"}]})",
        R"({"provider":"LINKEDIN","analytics":{"engagement_rate":"0.5","clickthrough_rate":-1e999},"repost_content":{"author":{"id":null}}})",
        R"({"provider":"INSTAGRAM","provider_id":"","caption":{"created_at":-1},"location":null,"video":null,"owner":{}})",
        "{\n\t\"provider\" : \"LINKEDIN\" ,\r\n \"\\u0074ext\" : \"escaped key\" , \"reaction_counter\" : 7 }",
        R"({"provider":"LINKEDIN","mentions":[5],"article":7,"user_reacted":false})",
    };
    return items;
}

const std::vector<std::string_view>& hopeless_items()
{
    static const std::vector<std::string_view> items{
        R"({"a":tru})",   R"({"a" 1})", R"({"a":1,})",  R"({"a":"\x"})",    R"({"a":01})",    R"({a:1})",
        R"({"a":[1 2]})", R"(5)",       R"("text")",    R"(null)",          R"({})",          R"({ })",
        R"(true)",        R"([])",      R"([{"a":1}])", R"({"a":"\ud80"})", "{\"a\":\"\n\"}", "{\"a\":\xff}",
        R"({"a":-})",
    };
    return items;
}

const std::vector<std::string>& page_corpus()
{
    static const std::vector<std::string> pages = [] {
        std::string all(full_linkedin_post());
        all += ", " + std::string(full_instagram_post());
        std::string odd;
        for (std::string_view item : deviating_items()) odd += (odd.empty() ? "" : " ,\n") + std::string(item);
        for (std::string_view item : hopeless_items()) odd += ',' + std::string(item);
        return std::vector<std::string>{
            R"({"object":"PostList","items":[)" + all + R"(],"cursor":"a+b\/c==\u0021","paging":{"page_count":2}})",
            "\r\n{ \"cursor\" : null , \"x\":{\"items\":[1]}, \"paging\" : { \"page_count\" : \"3\" } , "
            "\"it\\u0065ms\" : [ " +
                odd + " ] , \"object\" : \"List\" }\n \t",
            R"({"items":[]})",
            R"({"cursor":"","items":[ ],"object":5,"paging":null})",
            R"({"items":[{"provider":"X"}],"cursor":null,"items":[{"provider":"Y"}],"cursor":"b","paging":{"page_count":1.5}})",
        };
    }();
    return pages;
}

}  // namespace unipile::test
