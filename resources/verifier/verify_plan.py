# fmt: off
"""Verify a signed plan without the program that made it: Python 3.11 or newer and ``cryptography``, nothing else.

    python verify_plan.py plan.pdf physicist.pem physician.pem [authority.pem] [revoked.crl]
    python verify_plan.py plan.json plan.physicist.p7s physicist.pem
Named are the certificates you trust. "accepted", with status 0, only if all holds; read page 1 beside its record."""
import hashlib, json, pathlib, re, sys, unicodedata, zlib  # noqa: E401, I001
from datetime import UTC, datetime
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256, NIST SP 800-186
USES = {x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36"), x509.oid.ExtendedKeyUsageOID.EMAIL_PROTECTION}
SHA256, ECDSA = bytes.fromhex("300d06096086480165030402010500"), bytes.fromhex("300a06082a8648ce3d040302")
DATA, SIGNED, TYPE, DIGEST, TIME = (bytes.fromhex(f"06092a864886f70d010{n}") for n in (701, 702, 903, 904, 905))
CERTIFICATE, ESCAPED = bytes.fromhex("060b2a864886f70d010910022f"), bytes.maketrans(b"nrtbf", b"\n\r\t\b\f")
STRING, NESTED = rb"\((?:\\.|[^\\()])*\)", rb"(?s)(\((?:\\.|[^\\()])*+)\(((?:\\.|[^\\()])*+)\)"
TEXT, SPAN = STRING + rb"|<[0-9A-F]+>", rb"(/Span<</ActualText(?:\([ A-z]\)|<FEFF(?!003)\w{4}(?:03[0-6]\w)*>)>>BDC|EMC)"
SHOWN = re.compile(rb"/(\w+) [\d.]+ Tf|(\[(?:[^\]()<]|%b)*\]TJ|(?:%b)Tj)|" % (TEXT, TEXT) + SPAN, re.S)
OBJECT = re.compile(rb"(?<!\d)(\d+) 0 obj\b(.*?)(?:(?<=>>)\s*stream\r?\n(.*?)\nendstream)?\nendobj", re.S)
WRITTEN_AGAIN = rb"/Type ?/Catalog", rb"/SigFlags", rb"/FT /Sig", rb"/Type ?/Page\b"  # by signing
FORBIDDEN = re.compile(rb"/(JavaScript|JS|OpenAction|AA|Launch|XFA|OC\w*|Encrypt|XRef\w*|ObjStm|Image|URI|FreeText|"
                       rb"Stamp|Redact|Square|Ink|Highlight|Popup|RichMedia|Movie|Screen|\w*#\w*)\b(?!\+)|%|\bendobj")
ROLES, ACTIVITY = ("physicist", "physician"), re.compile(r"(-?\d[\d.,]*)\s*[kMG]?Bq")
def need(holds, words):
    """Go on only if it holds; else the words say why the plan is refused."""
    if not holds: raise ValueError(words)  # noqa: E701
def der(tag, *parts):
    """An element in the only form that DER allows."""
    body = b"".join(parts)
    size = b"" if len(body) < 128 else len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([tag, 128 | len(size) if size else len(body)]) + size + body
def container(digest, certificate, signature, moment):
    """What a certificate signs, and the only bytes that its signature with this value can have (CMS)."""
    stated, owner = x509.load_der_x509_certificate(certificate), der(4, hashlib.sha256(certificate).digest())
    values = [(TYPE, DATA), (DIGEST, der(4, digest)), (CERTIFICATE, der(0x30, der(0x30, der(0x30, owner))))]
    values += [(TIME, moment)] if moment else []  # of a detached signature
    told = b"".join(sorted(der(0x30, name, der(0x31, value)) for name, value in values))
    serial = stated.serial_number.to_bytes(stated.serial_number.bit_length() // 8 + 1, "big")
    issuer, value = der(0x30, stated.issuer.public_bytes(), der(2, serial)), der(4, signature)
    signer = der(0x30, b"\2\1\1", issuer, SHA256, der(0xA0, told), ECDSA, value)
    inner = der(0x31, SHA256), der(0x30, DATA), der(0xA0, certificate), der(0x31, signer)
    return der(0x31, told), der(0x30, SIGNED, der(0xA0, der(0x30, b"\2\1\1", *inner)))
def opened(held, digest, timed):
    """Certificate, and signing time if ``timed``, of a container that seals a digest and is exactly what it must be."""
    try:
        at, value = held.index(der(0x30, DATA)) + 13, held.rindex(ECDSA) + 12
        encoded = held[at + 4 : at + 4 + int.from_bytes(held[at + 2 : at + 4], "big")]
        moment = held[held.index(TIME) + 13 :][:15] if timed else None
        r, s = utils.decode_dss_signature(held[value + 2 : value + 2 + held[value + 1]])
        signature, certificate = utils.encode_dss_signature(r, s), x509.load_der_x509_certificate(encoded)
        told, whole = container(digest, encoded, signature, moment)
        need(whole.ljust(0 if timed else len(container(digest, encoded, bytes(72), None)[1]), b"\0") == held, "changed")
        need((key := certificate.public_key()).curve.name == "secp256r1" and 0 < s <= ORDER // 2, "not in its one form")
        key.verify(signature, told, ec.ECDSA(hashes.SHA256()))
        return certificate, datetime.strptime(moment[2:].decode(), "%y%m%d%H%M%S%z") if timed else None
    except Exception as error:  # whatever can't be read was changed
        raise ValueError(f"changed after signing: the signature is not the signer's ({error})") from error
def seals_of(pdf):
    """Start, end and certificate of one or two signatures, the last over the whole file."""
    found, seals = re.findall(rb"/ByteRange \[0 (\d{1,10}) (\d{1,10}) (\d{1,10})\]", pdf), []
    need(0 < len(found) <= 2, "it has no signature" if not found else "it has more signatures than a plan can have")
    for start, stop, rest in [map(int, each) for each in reversed(found)]:
        held = re.fullmatch(rb"<((?:[0-9A-F]{2})+)>", pdf[start:stop])
        need(held and 0 < start < stop < stop + rest <= len(pdf), "changed after signing")
        digest = hashlib.sha256(pdf[:start] + pdf[stop : stop + rest]).digest()
        seals.insert(0, (start, stop + rest, opened(bytes.fromhex(held[1].decode()), digest, False)[0]))
    need(seals[-1][1] == len(pdf), "something was added after signing")
    return seals
def objects_of(pdf, seals):
    """Dictionary and stream of every object by number; refused unless each stands once where the tables say."""
    ends, objects = [(int(m[1]), m.end()) for m in re.finditer(rb"startxref\r?\n(\d+)\r?\n%%EOF\n?", pdf)], {}
    need([end for _, end in ends[2:]] == [seal[1] for seal in seals], "there are other revisions than the signatures'")
    for (table, end), (_, begin) in zip(ends, [(0, 0), *ends], strict=False):
        here = {(begin + m.start(), int(m[1])): (m[2], m[3]) for m in OBJECT.finditer(pdf[begin:table])}
        listed = sorted(int(row) for row in re.findall(rb"(\d{10}) \d+ n", pdf[table:end]))
        need(pdf[table:].startswith(b"xref") and listed == [at for at, _ in here], "objects are not where they must be")
        for (_, number), (words, stream) in here.items():
            old = objects.get(number, (words, None))[0]
            kept, now = (re.findall(rb"/(?:Contents|Resources) \d+", each) for each in (old, words))
            again = kept == now and any(re.search(kind, old) and re.search(kind, words) for kind in WRITTEN_AGAIN)
            need(number not in objects or again, "an object was replaced")
            need(not FORBIDDEN.search(plain(words).replace(b"/application#2Fjson", b"")), "it holds foreign content")
            need(stream is None or re.findall(rb"/Length\b ?(\d*)", plain(words)) == [b"%d" % len(stream)], "a length")
            objects[number] = words, zlib.decompress(stream) if stream and b"/FlateDecode" in words else stream
    return objects
def find(objects, pattern, words):
    """The object that the one match of a pattern refers to."""
    need(len(found := re.findall(pattern + rb"\b(?: ?(\d+) 0 R)?", plain(words))) == 1 and found[0], f"no {pattern}")
    return objects[int(found[0])]
def flat(words):
    """The words with the balanced parentheses inside a string escaped, which a PDF may leave as they are."""
    return words if words == (fewer := re.sub(NESTED, rb"\1\(\2\)", words)) else flat(fewer)
plain = lambda words: re.sub(STRING + rb"|<[0-9A-Fa-f\s]*>", b"()", flat(words), flags=re.S)  # noqa: E731 no strings
def unescaped(string):
    """The bytes of a PDF string."""
    code = lambda m: bytes([int(m[1], 8)]) if m[1].isdigit() else m[1].translate(ESCAPED)  # noqa: E731
    return re.sub(rb"\\([0-7]{1,3}|.)", code, string, flags=re.S)
def text_of(objects, page):
    """What a page prints, by the character maps of its fonts."""
    maps, font, loose, text, stream = {}, {}, None, "", flat(find(objects, rb"/Contents", page)[1])
    fonts = find(objects, rb"/Resources", page)[0].split(b"/Font")[1].split(b">>")[0]
    for name, number in re.findall(rb"/(\w+) (\d+) 0 R", fonts):
        codes = find(objects, rb"/ToUnicode", objects[int(number)][0])[1].decode().lower()
        maps[name] = dict(re.findall(r"<(\w{4})> <(\w+)>", codes))
    strange = re.search(rb"[1-9] Tr\b|[()%'\"]|T[jJf]\b|(?<!<)<(?!<)|\b(Do|BI)\b", SHOWN.sub(b" ", stream))
    need(not strange, "a page has invisible text, or text that can't be read")
    for name, shown, span in SHOWN.findall(stream):  # in a span: a letter with accents whose glyphs are no letters
        font, loose = maps[name] if name else font, "" if len(span) > 33 else None if span else loose
        both = (s[1:-1] if s[:1] == b"<" else unescaped(s[1:-1]).hex().encode() for s in re.findall(TEXT, shown, re.S))
        codes = [code for each in both for code in re.findall(".{1,4}", each.decode().lower())]
        text += bytes.fromhex("".join(font.get(code, loose) for code in codes)).decode("utf-16-be") + "\n" * (not name)
    return re.sub("[\u0300-\u036f]", "", text.replace("−", "-"))  # a blank may be the glyph of a blank with accent
def record_of(content):
    """The record and its quantities; refused unless in its one canonical form, with quantities as decimal strings."""
    record, text = json.loads(content), content.decode()
    form = json.dumps(record, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    need(form == text and unicodedata.is_normalized("NFC", text) and record["format"] == 1, "plan.json: not canonical")
    found = set(re.findall(r'"\w+_(?:gbq|gy|percent)":("[^"]*"|[^{\[,}]+)', text)) - {"null"}
    need(all(re.fullmatch(r'"-?(0|[1-9]\d*)(\.\d+)?"', value) for value in found), "plan.json: a quantity is no text")
    return record, {value.strip('"') for value in found}
def check_pages(objects, catalogue, content, record, quantities):
    """Whether digest, quantities and activities of the record are printed, and no other activity on page 1."""
    kids = plain(find(objects, rb"/Pages", catalogue)[0]).split(b"/Kids")[1].split(b"]")[0]
    texts = [text_of(objects, objects[int(number)][0]) for number in re.findall(rb"(\d+) 0 R", kids)]
    digest, told = hashlib.sha256(content).hexdigest(), set(ACTIVITY.findall(content.decode()))
    need(digest in re.sub(r"\s", "", "".join(texts)) and all(digest[:16] in text for text in texts), "another digest")
    need(quantities <= set(re.findall(r"-?\d+(?:\.\d+)?", " ".join(texts))), "a number of the record is not printed")
    plan, shown = record["plan"]["activities"].values(), set(ACTIVITY.findall(texts[0]))
    planned = {each["administered_activity_gbq"] for each in plan}
    need(planned <= shown <= told.union(*(each.values() for each in plan)), "page 1 prints other activities")
def check_signer(certificate, role, moment, after, given):
    """Whether a certificate is of that role, for signing, valid at that moment, not revoked, and trusted."""
    told = certificate.subject.get_attributes_for_oid
    who, title = (", ".join(x.value for x in told(kind)) for kind in (x509.NameOID.COMMON_NAME, x509.NameOID.TITLE))
    need(title.casefold() == role, f"{who} is no {role} by the certificate")
    extensions = {type(each.value): each.value for each in certificate.extensions}
    usage, purposes = extensions.get(x509.KeyUsage), set(extensions.get(x509.ExtendedKeyUsage, ()))
    need(usage and usage.digital_signature and usage.content_commitment and USES & purposes, f"{who}: not for signing")
    need(certificate.not_valid_before_utc <= moment <= certificate.not_valid_after_utc, f"{who}: not valid at {moment}")
    need(after <= moment <= given["now"], f"{who}: {moment} is before the plan, or to come")
    for listed in given["revoked"]:
        need(any(listed.is_signature_valid(each.public_key()) for each in given["trust"]), "the .crl is not authentic")
        entry = listed.get_revoked_certificate_by_serial_number(certificate.serial_number)
        need(entry is None or listed.issuer != certificate.issuer, f"the certificate of {who} was revoked")
    need(any(issued(each, certificate, moment) for each in given["trust"]), f"the certificate of {who} is not trusted")
    return f"{role}: {who}, {moment}"
def issued(authority, certificate, moment):
    """Whether a certificate is the one named, or issued by it as an authority that was valid at that moment."""
    try:
        certificate.verify_directly_issued_by(authority)
        has = {type(each.value): each.value for each in authority.extensions}
        then = authority.not_valid_before_utc <= moment <= authority.not_valid_after_utc
        return certificate == authority or (then and has[x509.BasicConstraints].ca and has[x509.KeyUsage].key_cert_sign)
    except Exception:  # whatever it is, it does not vouch
        return certificate == authority
def verified(pdf, given):
    """What is known of a plan file that is accepted, in lines."""
    objects = objects_of(pdf, seals := seals_of(pdf))
    catalogue = find(objects, rb"/Root", pdf[int(pdf.split(b"startxref")[-1].split()[0]) :])[0]
    tree = unescaped(catalogue.split(b"/EmbeddedFiles")[1].split(b"]")[0])
    files = re.findall(rb"\((plan|results)\.json\) ?(\d+) 0 R", tree)
    need(tree.count(b"(") == 2 == len(dict(files)), "attached are not plan.json and results.json")
    content, results = (find(objects, rb"/EF ?<<\s*/F", objects[int(number)][0])[1] for _, number in files)
    record, quantities = record_of(content)
    need(record["results_sha256"] == hashlib.sha256(results).hexdigest(), "the attached results are not the record's")
    check_pages(objects, catalogue, content, record, quantities)
    fields = [words for words, _ in objects.values() if b"/FT /Sig" in words]
    after, lines = datetime.fromisoformat(record["calculated_at"]["utc"]), []
    need(find(objects, rb"/DocMDP", catalogue)[0].count(b"/P 2") == 1, "later changes are not restricted to signing")
    for role, field, (start, end, certificate) in zip(ROLES, fields, seals, strict=False):
        words = find(objects, rb"/V", field)[0]
        here = b"/T (%s)" % role.capitalize().encode() in field and pdf.find(words, 0, end) < start
        need(here and len(fields) == len(ROLES), "its signatures are not physicist's, then physician's")
        told = unescaped(words)
        moment = datetime.strptime(told.split(b"/M (D:")[1].split(b")")[0].decode().replace("'", ""), "%Y%m%d%H%M%S%z")
        proof = re.search(rb"/LutetiaRecordSignature <(\w+)>", told)
        need(proof or re.search(rb"/REx \(0\.[0-3]\.", told), "the record has no signature of its own")
        signed = proof and opened(bytes.fromhex(proof[1].decode()), hashlib.sha256(content).digest(), True)
        need(signed in (None, (certificate, moment)), "file and record were signed at two times or by two certificates")
        lines, after = [*lines, check_signer(certificate, role, moment, after, given)], moment
    need(len({s[2].public_key().public_numbers() for s in seals}) == len(seals), "signer and approver are the same")
    return [*lines, f"the record says: {json.dumps(record['plan']['activities'])}"]
def verified_record(content, signature, given):
    """What is known of a record whose detached signature is accepted."""
    certificate, moment = opened(signature, hashlib.sha256(content).digest(), True)
    after, role = record_of(content)[0]["calculated_at"]["utc"], ROLES["physician" in str(certificate.subject).lower()]
    return [check_signer(certificate, role, moment, datetime.fromisoformat(after), given)]
def main(names):
    """Read what is named, verify, and say what came of it."""
    held = [(pathlib.Path(name).suffix.lower(), pathlib.Path(name).read_bytes()) for name in names]
    pems, crls, proofs = ([data for kind, data in held if kind == wanted] for wanted in (".pem", ".crl", ".p7s"))
    given = {"now": datetime.now(UTC), "trust": list(map(x509.load_pem_x509_certificate, pems)),
             "revoked": list(map(x509.load_pem_x509_crl, crls))}
    try:
        print("accepted", *(verified_record if proofs else verified)(held[0][1], *proofs, given), sep="\n")
    except Exception as error:  # whatever it is, it is no reason to accept
        sys.exit(f"refused: {error or repr(error)}")
if __name__ == "__main__": main(sys.argv[1:] or sys.exit(__doc__))  # noqa: E701
