import Browsing
import History
import Notifications
import Outgoing
import TestSupport
import Testing

@Suite("Filters")
struct FilterTests {
    @Test(
        "let a row through",
        arguments: [
            "", "  ", "type:created", "type:CREATED", "type:Created:Upload", "type:created:upload", "type:upload",
            "type:b2:ObjectCreated:Upload", "type:b2:objectcreated:upload", "type:*Created*", "type:created:*",
            "type=b2:ObjectCreated:Upload", "type=Created:Upload", "type!=Test", "!type:deleted", "!type:hide",
            "bucket:my-bucket", "!bucket:MY*", "bucket:my*", "bucket:*", "bucket:my", "bucket:bucket", "!bucket=my",
            "bucket=my-bucket", "rule:allEvents",
            "rule:all", "rule=allEvents", "secret:pro", "secret=prod", "version:abc", "method:pos",
            "type:ObjectCreated", "type:objectcreated", "type:ObjectCreated:Upload", "type:ObjectCreated:*",
            "type:objectcreated:up*", "sig:valid,invalid", "dup:false", "!dup:true", "size>1.9m", "size<2mi",
            "after:10min", "after:1h30m", "!after:4min", "after:\"2026-03-10 11:54\"", "before:\"today 11:56\"",
            "before:tomorrow",
            "rule:allevents",
            "object:cat", "object:Cat", "object:*.jpg", "object:photos/????/cat.jpg", "object=photos/2026/Cat.jpg",
            "!object=photos/2026/cat.jpg", "key:cat", "name:cat", "OBJECT:cat", "object!=x", "!object:CAT",
            "size>1MB", "size>=2MB", "size<=2mb", "size:2MB", "size=2000000", "size<2MiB", "size > 1.5MB", "size:>1MB",
            "size!=1", "size>1.9073486MiB", "size<1.9073487MiB", "!size:1.9073487MiB", "size<1TiB", "size>0.1KIB",
            "sig:invalid", "sig:INVALID", "!sig:valid", "sig!=valid", "secret:prod", "secret:p*", "status:200",
            "status:2xx", "status>=200", "status<201", "!status:4xx", "status!=4xx", "status>1xx", "status<=2XX",
            "after:10m", "!after:4m", "before:4m", "!before:10m", "after:2026-03-10", "before:2026-03-11",
            "!before:2026-03-10", "on:2026-03-10", "on:today", "!on:yesterday", "after:11:54", "before:11:56",
            "after:12:01", "after:2026-03-10T11:54:59.999Z", "!after:2026-03-10T11:55:00.001Z", "before:now",
            "after:2026-03-10T13:54+02:00", "after:2026-03-10T05:54:00-0600", "event-after:11m", "event-before:9m",
            "!event-after:9m", "event-after:1w", "since:1h", "until:1s", "dup:no", "!dup:yes", "dup!=yes", "event:yes",
            "problem:yes", "id:8f0e1c", "id:8f*", "!id:8f0e", "version:4_z*", "delivery:126", "delivery>125",
            "from:203.0.", "method:post", "path:/hook", "header:example", "header:\"content-type: application\"",
            "header:content-type:app*json", "header:8080", "header:\"say \\\"hi\"", "!header:xyz", "body:objectsize",
            "body:*size*", "!body:objects*", "bytes<1kB", "cat", "\"photos/2026\"", "*hook?x*", "upload",
            "b2:ObjectCreated",
            "203.0.113", "allev 4_z 8f0e", "type:deleted | cat", "type:deleted|cat",
            "(type:deleted | cat) invalid | cat",
            "type:deleted dog | cat", "!(type:deleted | dog)", "!!cat", "!!!dog", "((cat))", "!dog!",
            "object:~/[Cc]at\\.jpg$/",
            "~/^PHOTOS/i", "object=~/\\d{4}\\/Cat/", "~/cat|Cat/", "type:~/Created:Upload$/", "cat || dog",
            "object:\"photos/2026/Cat.jpg\"", "object:\"*Cat.jpg\"", "object:\"\"",
        ])
    func pass(text: String) throws {
        #expect(try FilterSample().passes(text))
    }

    @Test(
        "hold a row back",
        arguments: [
            "type:deleted", "type:test", "type:hide", "type:multipart", "type:TestEvent",
            "type:lifecycle", "type:HideMarkerCreated", "type:ObjectDeleted:*", "type=created", "bucket=my",
            "bucket:MY",
            "bucket:y-b?", "rule=all", "bucket!=my-bucket",
            "object:CAT", "object=photos/2026/cat.jpg", "object:jp*", "size>2MB", "size<2MB", "size:1.9073487MiB",
            "sig:valid", "secret=pro", "sig:valid,missing", "dup:true", "status:4xx", "after:4m", "on:2026-03-09",
            "dup:yes", "event:no", "problem:no",
            "id:8f", "cat dog", "dog | fish", "!cat", "cat !cat", "object:\"\\*.jpg\"", "object=*.jpg", "~/^cat/",
            "object:~/cat/", "(cat | dog) fish", "cat (dog | fish)", "method:get",
        ])
    func hold(text: String) throws {
        #expect(try !FilterSample().passes(text))
    }

    @Test("find short names of types that the full name does not hold")
    func shortNames() throws {
        var sample = FilterSample()
        sample.texts[.eventType] = "b2:HideMarkerCreated:Hide"
        for text in [
            "type:hide", "type:hidemarker", "type:HideMarker:Hide", "hidemarker:h* | \"hidemarker:h\"",
            "type:hidemarker:*",
        ] {
            if text.hasPrefix("hidemarker") {
                #expect(filterError(text) != nil)
            } else {
                #expect(try sample.passes(text), "\(text)")
            }
        }
        #expect(try sample.passes("\"hidemarker:h\""))
        #expect(try !sample.passes("type:created"))
        sample.texts[.eventType] = "b2:TestEvent"
        #expect(try sample.passes("type:test"))
        #expect(try sample.passes("b2:testevent"))
    }

    @Test(
        "find types by whatever one would call them",
        arguments: [
            ("b2:TestEvent", ["TestEvent", "testevent", "test", "b2:TestEvent"]),
            (
                "b2:HideMarkerCreated:Hide",
                ["HideMarkerCreated:Hide", "hidemarkercreated", "HideMarkerCreated:*", "hide"]
            ),
            ("b2:ObjectCreated:MultipartUpload", ["multipart", "multipartupload", "ObjectCreated"]),
            ("b2:MultipartUploadCreated:LiveRead", ["multipart", "liveread", "MultipartUploadCreated"]),
            ("b2:ObjectDeleted:LifecycleRule", ["lifecycle", "lifecyclerule", "deleted", "ObjectDeleted:*"]),
            ("b2:HideMarkerCreated:LifecycleRule", ["lifecycle", "hidelifecycle"]),
            // Of types that are not known.
            ("b2:ObjectRestored:Cold", ["b2:ObjectRestored:Cold", "objectrestored:cold", "ObjectRestored", "cold"]),
            ("Strange", ["strange", "Strange"]),
        ])
    func typeNames(type: String, words: [String]) throws {
        var sample = FilterSample()
        sample.texts[.eventType] = type
        for word in words { #expect(try sample.passes("type:\(word)"), "\(word)") }
        #expect(try !sample.passes("type:upload"))
        #expect(try !sample.passes("type:ObjectCreated:Upload"))
    }

    @Test("take the words by which send names its types", arguments: SampleType.words.map(\.word))
    func sentTypes(word: String) throws {
        var sample = FilterSample()
        sample.texts[.eventType] = try SampleType.parse(word).name
        #expect(try sample.passes("type:\(word)"))
    }

    @Test("have no value where the row has none")
    func absent() throws {
        var sample = FilterSample()
        sample.texts[.objectName] = nil
        sample.numbers[.objectSize] = nil
        #expect(try !sample.passes("object:*"))
        #expect(try sample.passes("!object:*"))
        #expect(try !sample.passes("size>=0"))
    }

    @Test("a problem is a bad signature, or another answer than 200 to what was judged")
    func problems() throws {
        for verdict in SignatureVerdict.allCases {
            let isBad = [.invalid, .missing, .malformed, .unsupported].contains(verdict)
            var sample = FilterSample()
            sample.verdict = verdict
            #expect(sample.passes(.problem) == isBad)
            #expect(try sample.passes("problem:no") == !isBad)
            sample.numbers[.status] = 405
            #expect(sample.passes(.problem) == (verdict != .unjudged))
        }
    }

    @Test("are everything where there is nothing in them")
    func everything() throws {
        #expect(try Filter(" ", in: FilterSample.context).isEverything)
        #expect(Filter.everything.isEverything)
        #expect(try !Filter("x", in: FilterSample.context).isEverything)
    }

    @Test("joined read as both", arguments: ["", "cat", "cat | dog", "!cat", "size", ">5", "=x", "(a b)", "~/x/"])
    func joined(one: String) throws {
        for other in ["", "dog | cat", "!dog", ">5", "=x", "!=x", ":x", "size>5"] {
            let context = FilterSample.context
            let (first, second) = (try Filter(one, in: context), try Filter(other, in: context))
            let both = first.and(second)
            #expect(try Filter(both.text, in: context).predicate == both.predicate, "\(both.text)")
            #expect(
                FilterSample().passes(both.predicate)
                    == (FilterSample().passes(first.predicate) && FilterSample().passes(second.predicate)))
        }
    }

    @Test("name the only texts that match, for an index")
    func literals() throws {
        guard case .text([.eventId], let pattern) = try Filter("id=8f0e", in: FilterSample.context).predicate else {
            Issue.record("no text")
            return
        }
        #expect(pattern.literals == ["8f0e"])
        #expect(try Filter("id=8f0e", in: FilterSample.context) == Filter("id=8f0e", in: FilterSample.context))
        // Equal by Unicode's rules, but of other bytes.
        #expect(
            try Filter("id=\u{E9}", in: FilterSample.context).predicate
                != Filter("id=e\u{301}", in: FilterSample.context).predicate)
    }
}
