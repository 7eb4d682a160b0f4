import History
import Testing

@Suite("Errors in filters")
struct FilterErrorTests {
    @Test(
        "point at the problem and name what was expected",
        arguments: [
            ("size>", 5..<5, "a size is expected here, such as 10MB"),
            ("size>x", 5..<6, "a size is expected here, such as 10MB"),
            ("size>10XB", 5..<9, "no size: a number and a unit are expected, such as 10MB (1,000 × 1,000) or 10MiB"),
            (
                "size>99999999TiB", 5..<16,
                "no size: a number and a unit are expected, such as 10MB (1,000 × 1,000) or 10MiB"
            ),
            (
                "cat sig:foo", 8..<11,
                "a verdict is expected here: valid, invalid, missing, malformed, unsupported, unverified, unjudged, removed, unsigned or reconciled"
            ),
            (
                "sig:valid,foo", 10..<13,
                "a verdict is expected here: valid, invalid, missing, malformed, unsupported, unverified, unjudged, removed, unsigned or reconciled"
            ),
            ("objct:cat", 0..<5, "no operator \"objct\": did you mean object?"),
            (
                "xyzzy:cat", 0..<5,
                "no operator \"xyzzy\": see the help for all, or put the word in quotes to search for it"
            ),
            (
                "http://x", 0..<4,
                "no operator \"http\": see the help for all, or put the word in quotes to search for it"
            ),
            ("-typ:x", 1..<4, "no operator \"typ\": did you mean type?"),
            ("cat or", 6..<6, "a term is expected here, such as object:cat.jpg"),
            ("cat and", 7..<7, "a term is expected here, such as object:cat.jpg"),
            ("or cat", 0..<2, "a term is expected here, such as object:cat.jpg"),
            ("cat AND OR dog", 8..<10, "a term is expected here, such as object:cat.jpg"),
            ("not", 3..<3, "a term is expected here, such as object:cat.jpg"),
            ("(cat or)", 7..<8, "a term is expected here, such as object:cat.jpg"),
            ("type:(created or", 16..<16, "a term is expected here, such as object:cat.jpg"),
            ("type:(created", 5..<6, "this parenthesis is not closed"),
            ("type:created,", 13..<13, "a type is expected here, such as created"),
            ("type:,created", 5..<5, "a type is expected here, such as created"),
            ("type:created, bucket:x", 13..<13, "a type is expected here, such as created"),
            ("size>1MB,2MB", 9..<12, "one value is expected after >; a list is for :, = and !="),
            ("size>1MB..2MB", 5..<13, "a range is for : or =; one value is expected after >"),
            ("size:2MB..1MB", 5..<13, "this range ends before it begins"),
            ("status:5xx..4xx", 7..<15, "this range ends before it begins"),
            ("time:2026-03-10..2026-03-09", 5..<27, "this range ends before it begins"),
            ("time:1h..2h", 5..<11, "this range ends before it begins"),
            ("dup:yes,no", 4..<10, "yes or no is expected here"),
            (
                "time:nonsense", 5..<13,
                "a time or a range is expected here, such as 02:10..02:20, yesterday, 2026-11-28T02:10.. or 2h"
            ),
            ("type:creatd", 5..<11, "no type \"creatd\": did you mean created? type=creatd takes it as it is"),
            ("(cat", 0..<1, "this parenthesis is not closed"),
            ("cat)", 3..<4, "no parenthesis is open here"),
            ("()", 1..<2, "a term is expected here, such as object:cat.jpg"),
            ("cat |", 5..<5, "a term is expected here, such as object:cat.jpg"),
            ("| cat", 0..<1, "a term is expected here, such as object:cat.jpg"),
            ("!", 1..<1, "a term is expected here, such as object:cat.jpg"),
            ("object:\"cat", 7..<8, "this quote is not closed"),
            ("\"cat\"dog", 5..<8, "a space is expected after the closing quote"),
            ("ca\"t", 2..<3, "a quote inside a word: put all of it in quotes, and \\\" for the quote itself"),
            ("bucket>5", 6..<7, ":, = or != is expected after bucket"),
            ("after=10m", 5..<6, ": is expected after after"),
            (
                "after:10x", 6..<9,
                "a time is expected here, such as 10m (ago), 02:14, yesterday 02:14, 11-28, 2026-11-28 or 2026-11-28T02:14"
            ),
            (
                "after:2026-02-29", 6..<16,
                "a time is expected here, such as 10m (ago), 02:14, yesterday 02:14, 11-28, 2026-11-28 or 2026-11-28T02:14"
            ),
            ("dup:maybe", 4..<9, "yes or no is expected here"),
            ("status:abc", 7..<10, "a status is expected here, such as 401 or 4xx"),
            ("delivery:-1", 9..<11, "a number is expected here, such as 126"),
            ("object: cat", 7..<7, "a name is expected here, such as cat.jpg"),
            ("🐈 e\u{301} \"\u{301}", 4..<5, "this quote is not closed"),
            ("~/a", 0..<2, "this regular expression is not closed with a /"),
            ("~/a/x", 4..<5, "only an i, for any case, may follow the / that ends it; \\/ is a slash itself"),
            (
                "sig:~/a/", 4..<8,
                "a verdict is expected here: valid, invalid, missing, malformed, unsupported, unverified, unjudged, removed, unsigned or reconciled"
            ),
            ("object:~/a(b/", 10..<11, "this parenthesis is not closed"),
            ("~/a)/", 3..<4, "no parenthesis is open here; \\) is a parenthesis itself"),
            ("~/*/", 2..<3, "nothing to repeat here; \\* is the character itself"),
            ("~/a**/", 4..<5, "nothing to repeat here; put what is repeated twice in parentheses"),
            ("~/[a/", 2..<3, "this bracket is not closed"),
            ("~/[z-a]/", 3..<6, "a range must rise, such as a-z; \\- is a hyphen"),
            ("~/a{5,2}/", 3..<8, "the first number must not be above the second"),
            ("~/a{999}/", 3..<8, "255 times at most"),
            ("~/\\b/", 2..<4, "\\b is not supported; use \\d \\w \\s \\D \\W \\S \\n \\r \\t"),
            ("~/((a{200}){200}){200}/", 2..<22, "this regular expression is too large; repeat less"),
            ("~/((()){200}){200}/", 2..<18, "this regular expression is too large; repeat less"),
        ] as [(String, Range<Int>, String)])
    func point(text: String, range: Range<Int>, sentence: String) {
        let error = filterError(text)
        #expect(error?.range == range, "\(text)")
        #expect(error?.sentence == sentence, "\(text)")
    }

    @Test("explain that regular expressions are not allowed")
    func noRegularExpressions() {
        var context = FilterSample.context
        context.allowsRegularExpressions = false
        let error = filterError("cat object:~/a/", in: context)
        #expect(error?.range == 11..<15)
        #expect(error?.sentence.hasPrefix("regular expressions are for the screen and export") == true)
    }

    @Test("are reported if a filter is too large")
    func limits() {
        #expect(filterError(String(repeating: "a", count: 4_096)) == nil)
        #expect(filterError(String(repeating: "a", count: 4_097))?.sentence == "a filter has 4096 characters at most")
        #expect(filterError(String(repeating: "a ", count: 200)) == nil)
        #expect(
            filterError("bucket:" + Array(repeating: "a", count: 201).joined(separator: ","))?.sentence
                == "a filter has 200 terms at most")
        #expect(filterError(String(repeating: "type:(", count: 60))?.sentence.hasPrefix("parentheses") == true)
        #expect(filterError(String(repeating: "a ", count: 201))?.sentence == "a filter has 200 terms at most")
        let deep = String(repeating: "(", count: 50) + "a" + String(repeating: ")", count: 50)
        #expect(filterError(deep) == nil)
        #expect(filterError("(\(deep))")?.sentence == "parentheses are nested too deep, 50 at most")
        #expect(filterError(String(repeating: "(", count: 4_000))?.range == 50..<51)
        #expect(filterError(String(repeating: "!", count: 4_000) + "a") == nil)
        #expect(filterError("~/" + String(repeating: "(", count: 4_000) + "/")?.range == 52..<53)
    }
}
