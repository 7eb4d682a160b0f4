import History
import Notifications
import TestSupport
import Testing

/// Lists in another order than that of arrival.
@Suite struct RowOrderTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func history(_ kept: Kept) async throws -> History {
        let history = try kept.open(folder)
        var deliveries = MixedDeliveries(seed: 3)
        for _ in 0..<80 { #expect(await history.keep(deliveries.next())) }
        return history
    }

    private func number(_ row: EventRow, _ column: SortColumn) -> Int64? {
        switch column {
        case .received: row.receivedAt.milliseconds
        case .signature: row.verdict == .unjudged ? nil : Int64(row.verdict.rawValue)
        case .size: row.objectSize.integer
        case .eventTime: row.eventTimestamp.integer
        case .status: Int64(row.status)
        case .type, .object, .bucket, .rule: nil
        }
    }

    @Test(arguments: Kept.allCases)
    func numbersAreSortedAndWhatHasNoneStandsLast(kept: Kept) async throws {
        let history = try await history(kept)
        let rows = try history.allRows
        for column in [SortColumn.received, .signature, .size, .eventTime, .status] {
            for isDescending in [false, true] {
                let with = rows.filter { number($0, column) != nil }.sorted { one, other in
                    let (first, second) = (number(one, column) ?? 0, number(other, column) ?? 0)
                    if first == second { return one.id < other.id }
                    return isDescending ? first > second : first < second
                }
                let expected = (with + rows.filter { number($0, column) == nil }).map(\.id)
                let order = RowOrder.by(column, isDescending: isDescending)
                #expect(try history.reader.ids(matching: .everything, by: order) == expected, "\(order)")
            }
        }
    }

    @Test(arguments: [SortColumn.type, .object, .bucket, .rule])
    func textsAreSortedAndWhatHasNoneStandsLast(column: SortColumn) async throws {
        let history = try await history(.onFile)
        func text(_ row: EventRow) -> FieldValue {
            switch column {
            case .type: row.eventType
            case .object: row.objectName
            case .bucket: row.bucketName
            default: row.matchedRuleName
            }
        }
        for isDescending in [false, true] {
            let ids = try history.reader.ids(
                matching: .everything, by: .by(column, isDescending: isDescending))
            let rows = try history.reader.rows(ids: ids)
            #expect(Set(ids).count == history.current.tally.rows)
            // A name with a NUL is not kept as a text, and stands behind those.
            let strings = rows.compactMap { text($0).string }.filter { !$0.utf8.contains(0) }.map { Array($0.utf8) }
            let sorted = strings.sorted { $0.lexicographicallyPrecedes($1) }
            #expect(strings == (isDescending ? sorted.reversed() : sorted))
            let firstWithout = rows.firstIndex { [.absent, .null].contains(text($0)) } ?? rows.endIndex
            #expect(rows[firstWithout...].allSatisfy { [.absent, .null].contains(text($0)) })
        }
    }

    @Test func onlyWhatMatchesInAStretch() async throws {
        let history = try await history(.inMemory)
        let order = RowOrder.by(.size, isDescending: true)
        let all = try history.reader.ids(matching: .everything, by: order)
        #expect(try history.reader.ids(matching: .everything, in: 5...20, by: order) == all.filter { 5...20 ~= $0 })
        let matching = Set(try history.reader.ids(matching: .event, in: 1...1_000))
        #expect(try history.reader.ids(matching: .event, by: order) == all.filter(matching.contains))
        #expect(try history.reader.ids(matching: .event, by: .arrival) == matching.sorted())
        #expect(throws: ReadCancelled.self) {
            try history.reader.ids(matching: .everything, by: order, isCancelled: { true })
        }
    }
}
