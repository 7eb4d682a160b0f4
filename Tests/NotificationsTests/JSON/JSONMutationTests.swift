import Foundation
import Notifications
import TestSupport
import Testing

/// Bodies changed at random, judged as Foundation judges them.
///
/// Known differences, which the mutations below leave out or allow for:
/// - Foundation takes a byte-order mark and UTF-16 and UTF-32, which RFC 8259 forbids to send: no zero bytes and no
///   marks are made here.
/// - Foundation takes a comma behind the last element or member, which the grammar does not have.
/// - Foundation refuses an escaped surrogate without its other half, which the grammar allows.
/// - Foundation refuses numbers that no `Double` holds, which the grammar allows.
@Suite struct JSONMutationTests {
    private static let seeds: [[UInt8]] = [
        SampleBody.notification([SampleEvent(), .test(id: "test")]),
        Array(#"{"events":[{"eventId":"a\u00e9\n\"","n":-1.5e+3,"x":[true,false,null,{}]},1,"😀"],"":[0.5,[]]}"#.utf8),
        Array(#" [ 1 , -0 , 0.1e-2 , "\\\/\b\f\r\t" , { "a" : { "b" : [ ] } } ] "#.utf8),
    ]
    /// Bytes that matter in JSON, and some that break UTF-8.
    private static let bytes =
        Array(#"{}[]:,"\/0123456789+-.eEutrfalsn"#.utf8) + [0x20, 0x0A, 0x09, 0x1F, 0x7F, 0x80, 0xC3, 0xE6, 0xF0, 0xFF]

    private func mutate(_ body: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        var body = body
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            let index = Int.random(in: 0..<max(1, body.count), using: &random)
            let byte = Self.bytes.randomElement(using: &random) ?? 0x20
            switch Int.random(in: 0..<5, using: &random) {
            case 0 where !body.isEmpty: body.remove(at: index)
            case 1: body.insert(byte, at: min(index, body.count))
            case 2 where !body.isEmpty: body[index] = byte
            case 3 where !body.isEmpty: body.removeSubrange(index..<min(body.count, index + 8))
            default: body.insert(contentsOf: body.prefix(index).suffix(6), at: min(index, body.count))
            }
        }
        return body
    }

    /// What Foundation says, nil where it is known to differ.
    private func foundation(_ body: [UInt8]) -> Bool? {
        let text = String(decoding: body, as: UTF8.self)
        if (try? JSONSerialization.jsonObject(with: Data(body), options: .fragmentsAllowed)) != nil {
            return text.contains(/,\s*[\]}]/) ? nil : true
        }
        let mayDiffer = text.contains(/\\u[dD][89a-fA-F]/) || text.contains(/[0-9][eE]\+?[0-9]{3,}|[0-9]{300}/)
        return mayDiffer ? nil : false
    }

    @Test(arguments: 0..<3)
    func isJudgedAsFoundationDoes(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        var accepted = 0
        var refused = 0
        for _ in 0..<6_000 {
            let body = mutate(Self.seeds[seed], &random)
            guard let expected = foundation(body) else { continue }
            expected ? (accepted += 1) : (refused += 1)
            #expect(Payload(scanning: body).isJSON == expected, "\(String(decoding: body, as: UTF8.self))")
        }
        // Both happen often, so that the comparison means something.
        #expect(accepted > 100)
        #expect(refused > 1_000)
    }

    @Test func whatIsAcceptedCanBeLaidOutAndMadeCompact() throws {
        var random = SeededGenerator(seed: 7)
        for seed in Self.seeds {
            for _ in 0..<500 {
                let body = mutate(seed, &random)
                guard Payload(scanning: body).isJSON else {
                    #expect(body.withUnsafeBytes { Payload.ranges(in: $0) }.isEmpty)
                    #expect(throws: JSONError.self) { try PrettyJSON(body) }
                    continue
                }
                let ranges = body.withUnsafeBytes { Payload.ranges(in: $0) }
                #expect(ranges == Payload(scanning: body).events.map(\.range))
                var compact = JSONWriter()
                compact.compact(body)
                #expect(Payload(scanning: compact.bytes).isJSON)
                _ = try PrettyJSON(body)
            }
        }
    }
}
