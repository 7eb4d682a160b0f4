import Base
import Notifications
import Terminal
import Testing
import TestSupport

@testable import Dashboard
@testable import History

@Suite("7 Pulse")
struct PulseTests {
    /// A user whose history counts what is in memory.
    static func user(columns: Int = 80, rows: Int = 24) async throws -> (User, History) {
        let history = try History(.memory)
        for (minute, verdict) in [(0, SignatureVerdict.valid), (0, .valid), (30, .invalid), (600, .valid)] {
            let received = Make.start + Int64(minute) * 60_000
            let body = """
                {"events":[{"eventType":"b2:ObjectCreated:Upload","bucketName":"b\(minute)",\
                "eventTimestamp":\(received - 500)}]}
                """
            let delivery = Delivery(
                receivedAt: Timestamp(milliseconds: received), remoteAddress: "203.0.113.9", method: "POST",
                target: "/",
                headers: [], body: Array(body.utf8))
            let judged = JudgedDelivery(
                delivery: delivery, judgement: Judgement(verdict), answer: .accepted,
                events: Payload(scanning: delivery.body).events, generation: 1)
            await answer("a record", orElse: ()) { give in
                _ = history.record(judged) { _ in give(()) }
            }
        }
        var user = User(columns: columns, rows: rows, holding: [.prod])
        user.arrive((1...4).map { Make.row($0) })
        let reader = history.reader
        user.pulse = { request in
            do {
                return try #require(try reader.pulse(request))
            } catch {
                Issue.record(error)
                fatalError("\(error)")
            }
        }
        user.press(.character("7"))
        return (user, history)
    }

    @Test("shows bars, the selected one in words, shares and delays", arguments: [(60, 15), (80, 24), (120, 40)])
    func shows(columns: Int, rows: Int) async throws {
        let (user, history) = try await Self.user(columns: columns, rows: rows)
        defer { history.close() }
        #expect(user.screen.contains("[7 Pulse]"))
        #expect(user.screen.contains("█"))
        #expect(user.screen.contains("1 delivery  ✓ 1 valid"))
        #expect(user.screen.contains("100 %"))
        #expect(user.lines.count <= rows)
        if columns >= 80 {
            #expect(user.screen.contains("DELAY event to arrival"))
            #expect(user.screen.contains("p50 496 ms"))
            #expect(user.screen.contains("b600"))
        }
    }

    @Test("bars are gone through, and what went wrong is seen without colours")
    func bars() async throws {
        var (user, history) = try await Self.user()
        defer { history.close() }
        #expect(user.screen.contains("▓"))
        for _ in 0..<40 where !user.screen.contains("✗ 1 invalid") { user.press(.left) }
        #expect(user.screen.contains("1 delivery  ✗ 1 invalid"))
        user.press(.end)
        #expect(user.screen.contains("✓ 1 valid"))
    }

    @Test("zooms about the selected bar, from a minute to a year")
    func zooms() async throws {
        var (user, history) = try await Self.user()
        defer { history.close() }
        #expect(user.screen.contains("a day"))
        for _ in 0..<10 { user.press(.character("-")) }
        #expect(user.screen.contains("a year"))
        #expect(user.screen.contains("A year is the maximum."))
        #expect(user.screen.contains("4 deliveries"))
        for _ in 0..<10 { user.press(.character("+")) }
        #expect(user.screen.contains("a minute"))
        user.press(.end)
        #expect(user.screen.contains("1 delivery"))
        #expect(user.marks.hasSuffix("a minute  latest"))
    }

    @Test("goes into the past and back, and says where it is")
    func pans() async throws {
        var (user, history) = try await Self.user()
        defer { history.close() }
        user.press(.character("+"), .character("+"), .home)
        #expect(user.marks.hasSuffix("an hour  past"))
        #expect(user.screen.contains("2 deliveries"))
        user.press(.end)
        #expect(user.marks.hasSuffix("an hour  latest"))
    }

    @Test("an answer to an older question is dropped")
    func stale() async throws {
        var (user, history) = try await Self.user()
        defer { history.close() }
        let answer = user.pulse
        user.pulse = nil
        user.press(.character("+"), .character("-"), .character("-"))
        let tickets = user.pulseReads
        user.pulse = answer
        #expect(tickets.count >= 2)
        let old = try #require(user.waiting.dropLast().last)
        let before = user.model.pulse.pulse
        user.pulse = answer
        for answer in user.answers(to: old) { user.tell(.answered(answer)) }
        #expect(user.model.pulse.pulse == before)
    }

    @Test("what arrives is counted once a second at most")
    func paced() async throws {
        var (user, history) = try await Self.user()
        defer { history.close() }
        user.wait(.seconds(2))
        let before = user.pulseReads.count
        for id in 5...30 { user.arrive([Make.row(Int64(id))]) }
        #expect(user.pulseReads.count <= before + 2)
        user.wait(.seconds(1))
        #expect(user.pulseReads.count <= before + 3)
        user.wait(.seconds(2))
        #expect(user.model.deadline == nil)
    }

    @Test(
        "goes to the first delivery, wherever in a bar it came",
        arguments: [
            "", "+", "++", "+++", "++++", "-", "--", "---", "----",
        ], [40, 80, 111, 120])
    func toFirst(zoom: String, columns: Int) async throws {
        var (user, history) = try await Self.user(columns: columns)
        defer { history.close() }
        user.type(zoom)
        user.press(.character("g"))
        let pulse = try #require(user.model.pulse.pulse)
        let earliest = try #require(pulse.earliest)
        #expect(pulse.bar(at: earliest) == user.model.pulse.selectedBar)
        let bar = try #require(user.model.pulse.selectedBar)
        #expect(pulse.bars[bar].reduce(0, +) > 0)
    }

    @Test("on the lowest screen shows its bars, and no panels")
    func lowest() async throws {
        let (user, history) = try await Self.user(columns: 80, rows: 10)
        defer { history.close() }
        #expect(user.screen.contains("█ valid  ▓ invalid"))
        #expect(user.screen.contains("1 delivery  ✓ 1 valid"))
        #expect(!user.screen.contains("BY TYPE"))
    }

    @Test("a number of the scale is beside the top of a bar of that number", arguments: [4, 5, 7, 9, 100, 101])
    func scale(most: Int) async throws {
        let (user, history) = try await Self.user(columns: 80)
        defer { history.close() }
        var pulse = try #require(user.model.pulse.pulse)
        for bar in pulse.bars.indices {
            pulse.bars[bar] = pulse.bars[bar].map { _ in 0 }
            pulse.bars[bar][SignatureVerdict.valid.rawValue] = bar == 0 ? most : most / 2
        }
        for rows in 8...20 {
            var surface = Surface(size: Size(columns: 80, rows: rows))
            PulseChart(pulse: pulse, selectedBar: nil, hasKeys: false, clock: .utc).draw(on: &surface)
            let lines = surface.text.split(separator: "\n", omittingEmptySubsequences: false).prefix(rows - 2)
            let top = lines.firstIndex { line in line.dropFirst(40).contains { $0 != " " } }
            let label = lines.firstIndex { $0.prefix(6).split(separator: " ") == ["\(most / 2)"] }
            #expect(top != nil && label == top, "\(surface.text)")
        }
    }

    @Test("fills its width with bars, each of which is where it is clicked", arguments: [60, 72, 80, 111, 119, 120])
    func width(columns: Int) async throws {
        var (user, history) = try await Self.user(columns: columns)
        defer { history.close() }
        for zoom in ["", "----", "++++", "+", "+", "+", "+", "+"] {
            user.type(zoom)
            let pulse = try #require(user.model.pulse.pulse)
            let seen = (0..<columns).map { PulseChart.bar(atColumn: $0, of: pulse, in: columns) }
            #expect(seen.compactMap(\.self).first == 0)
            #expect(seen[columns - 2] == pulse.bars.count - 1)
            #expect(Set(seen.compactMap(\.self)).count == pulse.bars.count)
        }
    }

    @Test(
        "the bars' columns and the columns' bars agree",
        arguments: [(1, 1), (60, 112), (73, 112), (112, 112), (90, 40)])
    func plot(bars: Int, columns: Int) {
        let plot = PulsePlot(bars: bars, columns: columns)
        for bar in 0..<bars {
            #expect(!plot.columns(of: bar).isEmpty)
            for column in plot.columns(of: bar) { #expect(plot.bar(at: column) == bar) }
        }
    }

    @Test("the scale of the delays is labelled, and says where the percentiles are")
    func delays() async throws {
        let (user, history) = try await Self.user(columns: 120, rows: 40)
        defer { history.close() }
        let lines = user.lines
        let title = try #require(lines.firstIndex { $0.contains("DELAY") })
        #expect(lines[(title + 2)...].first { $0.contains("p50") }?.contains("496 ms") == false)
        #expect(lines[(title + 3)..<(title + 10)].contains { $0.hasSuffix(" 496 ms") })
    }

    @Test("answer times show the limit where it is")
    func answers() {
        var surface = Surface(size: Size(columns: 40, rows: 6))
        var histogram = TimeHistogram()
        for microseconds in [900, 1_000, 1_100, 2_500, 3_600_000] { histogram.add(microseconds) }
        PulseHistogram(histogram: histogram, limit: 3_000_000) { "\(Wording.span(microseconds: $0))" }
            .draw(on: &surface)
        let lines = surface.text.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines[4].hasPrefix("p50") && lines[4].contains("p99"))
        #expect(lines[5].contains("0.9 ms") && lines[5].contains("3.0 s"))
        #expect(lines[0].contains("│"))
    }

    @Test("first seen on a frozen screen, it counts what had come until then")
    func frozen() async throws {
        let (seen, history) = try await Self.user()
        defer { history.close() }
        #expect(seen.pulseReads.last?.through == 4)
        var user = User(columns: 80, rows: 24, holding: [.prod])
        user.arrive((1...2).map { Make.row($0) })
        user.press(.character("P"))
        user.arrive((3...4).map { Make.row($0) })
        user.press(.character("7"))
        #expect(user.pulseReads.map(\.through) == [2])
    }

    @Test("tells that nothing has come yet")
    func empty() {
        var user = User(holding: [.prod])
        user.press(.character("7"))
        #expect(user.screen.contains("No delivery yet."))
    }
}

@Suite("A bar of stacked verdicts")
struct PulseColumnTests {
    private func layers(_ counts: [Int], most: Int, height: Int = 4) -> [Int] {
        PulseColumn(counts: counts, most: most, height: height).cells.map(\.layer)
    }

    @Test("its height is its share of the highest, in eighths of a cell")
    func heights() {
        let cells = PulseColumn(counts: [0, 5], most: 10, height: 3).cells
        #expect(cells.map(\.eighths) == [8, 4])
        #expect(PulseColumn(counts: [0, 10], most: 10, height: 3).cells.map(\.eighths) == [8, 8, 8])
    }

    @Test("what is there at all is seen")
    func tiny() {
        #expect(PulseColumn(counts: [0, 1], most: 1_000_000, height: 3).cells.map(\.eighths) == [1])
        #expect(layers([0, 9_999, 1], most: 10_000) == [1, 1, 1, 2])
    }

    @Test("each layer has a glyph of its own, in the top cell too")
    func glyphs() {
        let layers = PulseLayer.all
        #expect(Set(layers.map { $0.glyph(eighths: 8) }).count == layers.count)
        // 3 valid and 1 missing, in a bar that ends within a cell.
        let top = PulseColumn(counts: [0, 3, 0, 1, 0], most: 6, height: 4).cells
        #expect(top.last?.layer == 3 && top.last.map { $0.eighths < 8 } == true)
        #expect(top.last.map { layers[$0.layer].glyph(eighths: $0.eighths) } == "▒")
        #expect(layers[1].glyph(eighths: 4) == "▄")
    }

    @Test("what has no room gives way to what stands above it")
    func crowded() {
        #expect(layers([1, 1, 1, 1], most: 8, height: 2).count == 1)
        #expect(layers([0, 0], most: 8).isEmpty)
        #expect(layers([1, 1], most: 0).isEmpty)
    }
}
