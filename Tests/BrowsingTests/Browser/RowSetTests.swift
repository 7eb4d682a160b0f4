import History
import TestSupport
import Testing

@Suite struct RowSetTests {
    @Test func aRandomSetIsWhatASetOfNumbersIs() {
        var random = SeededGenerator(seed: 5)
        for size: Int64 in [1, 64, 65, 700, 5_000] {
            var (rows, naive) = (RowSet(), Set<Int64>())
            for _ in 0..<size / 4 + 1 {
                let id = Int64.random(in: 0...size, using: &random)
                rows.insert(id)
                naive.insert(id)
            }
            let sorted = naive.sorted()
            #expect(rows.count == naive.count)
            #expect(Array(rows.ascending()) == sorted)
            #expect(Array(rows.descending()) == sorted.reversed())
            for id in [-1, 0, 1, 63, 64, 65, size / 2, size - 1, size, size + 1, size + 500, .max, .min] as [Int64] {
                #expect(rows.contains(id) == naive.contains(id))
                #expect(rows.last(before: id) == sorted.last { $0 < id })
                #expect(rows.first(after: id) == sorted.first { $0 > id })
                #expect(rows.count(upTo: id) == sorted.count { $0 <= id })
            }
        }
    }

    @Test func anEmptySet() {
        let rows = RowSet()
        #expect(rows.count == 0 && !rows.contains(1) && rows.last(before: .max) == nil)
        #expect(rows.first(after: .min) == nil && rows.count(upTo: .max) == 0)
    }
}
