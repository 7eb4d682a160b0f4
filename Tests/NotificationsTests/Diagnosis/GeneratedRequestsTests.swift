import Notifications
import TestSupport
import Testing

/// It computes for long, so it does not do it on a thread that other tests share.
@Suite(.blocking) struct GeneratedRequestsTests {
    private static let requests = LongTests.count(60, long: 200)

    /// Requests broken in known ways; a few of them in ways that nobody could find out.
    @Test(arguments: [1] as [UInt64])
    func theRightCauseIsNamed(seed: UInt64) throws {
        var breaker = RequestBreaker(seed: seed)
        var findable = 0
        var found = 0
        for number in 0..<Self.requests {
            let request = try breaker.next(number)
            let diagnosis = try #require(
                SignatureDiagnosis(request.delivery, keyring: request.keyring), "\(request.name)")
            let cause = diagnosis.cause
            switch request.expectation {
            case .certain(let changes):
                findable += 1
                if let cause, Set(cause.changes) == Set(changes) {
                    found += 1
                } else {
                    // What is not found is a loss; what is found wrongly is a lie.
                    #expect(cause == nil, "\(request.name): \(cause?.sentence ?? "")")
                }
            case .hint(let isRight):
                findable += 1
                #expect(cause == nil, "\(request.name): \(cause?.sentence ?? "")")
                if diagnosis.hints.contains(where: isRight) { found += 1 }
            case .nothing:
                #expect(cause == nil, "\(request.name): \(cause?.sentence ?? "")")
                #expect(!diagnosis.ruledOut.isEmpty)
            }
        }
        #expect(findable * 10 >= Self.requests * 9)
        #expect(found * 100 >= findable * 95, "\(found) of \(findable)")
    }
}
