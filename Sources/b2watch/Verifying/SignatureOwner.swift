import History
import Notifications

extension SignatureEvidence {
    /// How far from a delivery another one is looked for, to both sides, and how many bytes of bodies are read: some
    /// tens of milliseconds.
    private static let reach: Int64 = 4_000
    private static let maximumBytes = 32 << 20

    /// Returns the evidence, with the delivery that the signature belongs to where no other cause was found and the
    /// digest received is that of another body nearby: headers were mixed up then.
    func lookingNear(
        _ id: Int64, in reader: HistoryReader, keyring: Keyring, _ delivery: Delivery, _ isCancelled: () -> Bool
    ) -> SignatureEvidence {
        guard let diagnosis, diagnosis.cause == nil, let owner = SignatureOwner(delivery, keyring: keyring) else {
            return self
        }
        var found: (delivery: Int64, secret: String)?
        // What cannot be read is not found.
        try? reader.bodies(near: id, reach: Self.reach, bytes: Self.maximumBytes, isCancelled: isCancelled) {
            other, body in
            if other != id, let secret = owner.secret(for: body) { found = (other, secret) }
            return found == nil
        }
        return found.map { belonging(to: $0.delivery, secret: $0.secret) } ?? self
    }
}
