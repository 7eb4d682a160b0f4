import Base
import Foundation
import Harness
import History
import Notifications
import TestSupport

/// A filter over a large history, compared with `sqlite3` scanning the same table.
enum ScaleSearch {
    private static let rounds = 5
    private static let patience = Duration.seconds(60)

    static func measure(_ file: String, _ findings: inout Findings) throws {
        print("a search, 1,000,000 events")
        let history = try History(.file(file))
        defer { history.close() }
        let progress = Watched<BrowseProgress?>(nil)
        let browser = Browser(history.reader) { report in progress.change { $0 = report } }
        var times = (sqlite: Durations(), rare: Durations(), none: Durations(), first: Durations())
        for round in 0..<rounds {
            times.sqlite.add(try sqlite(file, "SELECT count(*) FROM event WHERE objectName LIKE '%xyz%'"))
            times.none.add(
                try time(browser, try object("xyz/xyz"), round * 2, history, progress).whole)
            let rare = try time(browser, try object("xyz"), round * 2 + 1, history, progress)
            times.rare.add(rare.whole)
            times.first.add(rare.first)
        }
        let found = try Program.run(
            "/usr/bin/sqlite3", [file, "SELECT count(*) FROM event WHERE objectName LIKE '%xyz%'"], environment: [:])
        let word = found.output.trimmingCharacters(in: .whitespacesAndNewlines)
        findings.expect("found", "\(browser.progress.matched)", word, holds: word == String(browser.progress.matched))
        findings.report("sqlite3", times.sqlite.fastest.text)
        for (name, one) in [("a filter that matches nothing", times.none), ("one that matches little", times.rare)] {
            // The best of each, in turns, because a machine may be busy with other work.
            let ratio = one.fastest.seconds / times.sqlite.fastest.seconds
            findings.expect(
                name, "\(one.fastest.text): \(twoPlaces(ratio))", "1.5 at most", holds: ratio <= 1.5)
        }
        findings.expect(
            "its first rows", times.first.median.text, "less than 100 ms",
            holds: times.first.median < .milliseconds(100))
        others(browser, history, progress, &findings)
        try cancel(browser, history, progress, &findings)
        findings.report(
            "completion of buckets", try measured { _ = try history.reader.values(of: .bucketName, limit: 50) })
        findings.report(
            "completion of objects", try measured { _ = try history.reader.values(of: .objectName, limit: 50) })
    }

    /// The same with an empty file cache, and a search of all bodies.
    static func cold(_ file: String, _ findings: inout Findings) throws {
        print("a search, 1,000,000 events, nothing of them in memory")
        // The pattern of a word that does not occur.
        for (name, filter, query) in [
            ("a filter", "object:xyz/xyz", "SELECT count(*) FROM event WHERE objectName LIKE '%xyz/xyz%'"),
            ("a search of bodies", "body:xyzxyz", "SELECT count(*) FROM delivery WHERE instr(body, x'78797a78797a')"),
        ] {
            var times = (sqlite: Durations(), ours: Durations())
            let predicate = try Filter(filter, in: FilterContext(now: Timestamp(milliseconds: 0))).predicate
            for round in 0..<3 {
                ColdFile.forget(file)
                times.sqlite.add(try sqlite(file, query))
                let history = try History(.file(file))
                defer { history.close() }
                let progress = Watched<BrowseProgress?>(nil)
                let browser = Browser(history.reader) { report in progress.change { $0 = report } }
                ColdFile.forget(file)
                times.ours.add(try time(browser, predicate, round + 1, history, progress).whole)
            }
            let ratio = times.ours.fastest.seconds / times.sqlite.fastest.seconds
            findings.report("sqlite3", times.sqlite.fastest.text)
            findings.expect(
                name, "\(times.ours.fastest.text): \(twoPlaces(ratio))", "1.5 at most", holds: ratio <= 1.5)
        }
    }

    private static func others(
        _ browser: Browser, _ history: History, _ progress: Watched<BrowseProgress?>, _ findings: inout Findings
    ) {
        let others: [(String, BrowseQuery)] = [
            ("sig:invalid", BrowseQuery(.verdict([.invalid]))), ("dup:yes", BrowseQuery(.duplicate)),
            ("size>40MB", BrowseQuery(.number(.objectSize, .greater, 40_000_000))),

            ("sorted by size", BrowseQuery(order: .by(.size, isDescending: true))),
            ("sorted by object", BrowseQuery(order: .by(.object, isDescending: false))),
        ]
        for (index, (name, query)) in others.enumerated() {
            guard let times = try? time(browser, query, 100 + index, history, progress) else { continue }
            findings.report(
                name, "\(times.whole.text), first rows \(times.first.text), \(browser.progress.matched) found")
        }
    }

    private static func cancel(
        _ browser: Browser, _ history: History, _ progress: Watched<BrowseProgress?>, _ findings: inout Findings
    ) throws {
        var times = Durations()
        for round in 0..<20 {
            browser.show(
                BrowseQuery(order: .by(.object, isDescending: true)), generation: 200 + round * 2, history.current)
            Thread.sleep(forTimeInterval: 0.1)
            let start = ContinuousClock.now
            browser.show(
                BrowseQuery(try object("xyz")), generation: 201 + round * 2, history.current)
            _ = progress.wait(within: patience) { $0?.generation == 201 + round * 2 ? true : nil }
            times.add(ContinuousClock.now - start)
        }
        findings.expect(
            "from a query to the first answer of the next", "p50 \(times.median.text), max \(times.largest.text)",
            "p50 less than 50 ms", holds: times.median < .milliseconds(50))
    }

    /// Measures the time of a query to its first rows, and to its end.
    private static func time(
        _ browser: Browser, _ predicate: RowPredicate, _ generation: Int, _ history: History,
        _ progress: Watched<BrowseProgress?>
    ) throws -> (first: Duration, whole: Duration) {
        try time(browser, BrowseQuery(predicate), generation, history, progress)
    }

    private static func time(
        _ browser: Browser, _ query: BrowseQuery, _ generation: Int, _ history: History,
        _ progress: Watched<BrowseProgress?>
    ) throws -> (first: Duration, whole: Duration) {
        let start = ContinuousClock.now
        browser.show(query, generation: generation, history.current)
        let first = progress.wait(within: patience) { report -> Duration? in
            guard let report, report.generation == generation, report.matched > 0 || report.isComplete else {
                return nil
            }
            return ContinuousClock.now - start
        }
        _ = try browser.rows(WindowRequest<Int64>(.newest, before: 35, after: 0))
        let whole = progress.wait(within: patience) { report -> Duration? in
            guard let report, report.generation == generation, report.isComplete else { return nil }
            return ContinuousClock.now - start
        }
        guard let first, let whole else { throw Dashboard.Problem(what: "a query hangs") }
        return (first, whole)
    }

    private static func sqlite(_ file: String, _ query: String) throws -> Duration {
        let start = ContinuousClock.now
        _ = try Program.run("/usr/bin/sqlite3", [file, query], environment: [:])
        return ContinuousClock.now - start
    }

    private static func measured(_ body: () throws -> Void) rethrows -> String {
        let start = ContinuousClock.now
        try body()
        return (ContinuousClock.now - start).text
    }

    /// Returns the pattern that `object:` makes of a text.
    private static func object(_ text: String) throws -> RowPredicate {
        try Filter("object:\(text)", in: FilterContext(now: Timestamp(milliseconds: 0))).predicate
    }
}

/// The system's cache of files.
enum ColdFile {
    /// Drops a file from the system's cache: completely if this user may do that, otherwise the pages that nobody has
    /// mapped or changed.
    static func forget(_ file: String) {
        sync()
        let all = open("/proc/sys/vm/drop_caches", O_WRONLY)
        if all >= 0 {
            let count = write(all, "3", 1)
            close(all)
            if count == 1 { return }
        }
        for name in [file, file + "-wal"] {
            let descriptor = open(name, O_RDONLY)
            guard descriptor >= 0 else { continue }
            posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED)
            close(descriptor)
        }
    }
}
