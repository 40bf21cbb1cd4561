// Says once, and not once per file, that published vectors are left out.
export default function wycheproof(): void {
  if (process.env.WYCHEPROOF_VECTORS !== undefined) return;
  process.stderr.write(
    'wycheproof: left out, since WYCHEPROOF_VECTORS does not name the folder testvectors_v1 of github.com/C2SP/wycheproof\n',
  );
}
